#!/usr/bin/env bash
# Logs in to a cloud with the run's identity (OIDC) and writes a kubeconfig with a token, or
# credentials for Terraform if the login names no cluster. It uses programs that GitHub's
# runner images contain: aws, gcloud, az, kubectl, curl and jq. All other credentials of the
# cloud are removed before it ends.
set -euo pipefail

fail() {
	echo "::error::$*"
	exit 2
}
of() { jq --raw-output --exit-status "$1 // empty" <<<"$LOGIN" || true; }

file=$RUNNER_TEMP/goldenpath-kubeconfig
install -m 600 /dev/null "$file"
private=$(mktemp -d "$RUNNER_TEMP/goldenpath-cloud.XXXXXX")
trap 'rm -rf "$private"' EXIT
export KUBECONFIG=$file

# identity AUDIENCE writes the run's identity for a cloud into $private/identity.
identity() {
	[ -n "${ACTIONS_ID_TOKEN_REQUEST_URL:-}" ] || fail "input login needs the run's identity; give the job that calls the workflow the permission id-token: write"
	install -m 600 /dev/null "$private/identity"
	curl --silent --show-error --fail --retry 3 --max-time 60 \
		--header @<(printf 'Authorization: bearer %s' "$ACTIONS_ID_TOKEN_REQUEST_TOKEN") \
		"$ACTIONS_ID_TOKEN_REQUEST_URL&audience=$(jq --null-input --raw-output --arg audience "$1" '$audience | @uri')" |
		jq --raw-output --join-output --exit-status .value >"$private/identity"
	echo "::add-mask::$(cat "$private/identity")"
}

token=
if [ -n "$(of .aws.cluster)" ]; then
	identity sts.amazonaws.com
	unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN AWS_PROFILE
	AWS_ROLE_ARN=$(of .aws.role) AWS_REGION=$(of .aws.region)
	export AWS_ROLE_ARN AWS_REGION AWS_WEB_IDENTITY_TOKEN_FILE=$private/identity AWS_ROLE_SESSION_NAME=goldenpath-$GITHUB_RUN_ID
	export AWS_CONFIG_FILE=/dev/null AWS_SHARED_CREDENTIALS_FILE=/dev/null
	aws eks update-kubeconfig --name "$(of .aws.cluster)" --region "$AWS_REGION" --kubeconfig "$file" >/dev/null
	token=$(aws eks get-token --cluster-name "$(of .aws.cluster)" --region "$AWS_REGION" --query status.token --output text)
elif [ -n "$(of .google.cluster)" ]; then
	provider=$(of .google.provider) account=$(of .google.account)
	identity "https://iam.googleapis.com/$provider"
	export CLOUDSDK_CONFIG=$private/gcloud CLOUDSDK_CORE_DISABLE_PROMPTS=1
	gcloud iam workload-identity-pools create-cred-config "$provider" ${account:+--service-account="$account"} \
		--credential-source-file="$private/identity" --output-file="$private/credentials.json" >/dev/null
	gcloud auth login --cred-file="$private/credentials.json" >/dev/null
	# The project of the service account, as in NAME@PROJECT.iam.gserviceaccount.com, or
	# that of the identity provider.
	project=${account#*@}
	project=${project%.iam.gserviceaccount.com}
	[ -n "$project" ] || project=$(cut -d/ -f2 <<<"$provider")
	gcloud container clusters describe "$(of .google.cluster)" --location "$(of .google.location)" --project "$project" --format json >"$private/cluster.json"
	kubectl config set-cluster goldenpath --server "https://$(jq --raw-output --exit-status .endpoint "$private/cluster.json")" >/dev/null
	kubectl config set clusters.goldenpath.certificate-authority-data "$(jq --raw-output --exit-status .masterAuth.clusterCaCertificate "$private/cluster.json")" >/dev/null
	kubectl config set-context goldenpath --cluster goldenpath >/dev/null
	kubectl config use-context goldenpath >/dev/null
	token=$(gcloud auth print-access-token)
elif [ -n "$(of .azure.cluster)" ]; then
	identity api://AzureADTokenExchange
	export AZURE_CONFIG_DIR=$private/azure
	az login --service-principal --username "$(of .azure.client)" --tenant "$(of .azure.tenant)" --federated-token "@$private/identity" --output none
	az account set --subscription "$(of .azure.subscription)"
	az aks get-credentials --resource-group "$(of .azure.group)" --name "$(of .azure.cluster)" --file "$file" --overwrite-existing >/dev/null
	# The application id that every AKS cluster accepts tokens for.
	token=$(az account get-access-token --resource 6dae42f8-4368-4678-94ff-3960e28e3630 --query accessToken --output tsv)
elif [ -n "$(of '.aws.role // .google.provider // .azure.client')" ]; then
	rm "$file"
	source "$(dirname "$0")/credentials.sh"
	exit
else
	fail "input login names no identity; set aws.role, google.provider or azure.client, and cluster for target kubernetes"
fi

# as TOKEN makes the token the credential of the kubeconfig.
as() {
	[ -n "$1" ] || fail "the cluster gave no token"
	echo "::add-mask::$1"
	kubectl config set-credentials goldenpath --token "$1" >/dev/null
	kubectl config set-context --current --user goldenpath >/dev/null
}
as "$token"
account=$(of '.["service-account"]')
if [ -n "$account" ]; then
	as "$(kubectl create token "${account#*/}" --namespace "${account%%/*}" --duration 2h)"
fi
echo "path=$file" >>"$GITHUB_OUTPUT"
