#!/usr/bin/env bash
# Logs in to a cloud with the run's identity (OIDC) and writes a kubeconfig with a token, or
# credentials for Terraform if the login names no cluster. It uses programs that GitHub's
# runner images contain: aws, gcloud, az, kubectl, curl and jq. All other credentials of the
# cloud are removed before it ends.
set -euo pipefail

. "$(dirname "$0")/identity.sh"

file=$RUNNER_TEMP/goldenpath-kubeconfig
install -m 600 /dev/null "$file"
export KUBECONFIG=$file

token=
if [ -n "$(of .aws.cluster)" ]; then
	aws_login
	aws eks update-kubeconfig --name "$(of .aws.cluster)" --region "$AWS_REGION" --kubeconfig "$file" >/dev/null
	token=$(aws eks get-token --cluster-name "$(of .aws.cluster)" --region "$AWS_REGION" --query status.token --output text)
elif [ -n "$(of .google.cluster)" ]; then
	google_login
	provider=$(of .google.provider) account=$(of .google.account)
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
	azure_login
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

# as TOKEN makes the token the credential of the kubeconfig. It is passed in the environment,
# because every process of the machine can read the arguments of a command.
as() {
	[ -n "$1" ] || fail "the cluster gave no token"
	echo "::add-mask::$1"
	kubectl config set-context --current --user goldenpath >/dev/null
	kubectl config view --raw --output json >"$private/config"
	TOKEN=$1 jq '.users = [{name: "goldenpath", user: {token: env.TOKEN}}]' "$private/config" >"$file"
}
as "$token"
account=$(of '.["service-account"]')
if [ -n "$account" ]; then
	as "$(kubectl create token "${account#*/}" --namespace "${account%%/*}" --duration 2h)"
fi
echo "path=$file" >>"$GITHUB_OUTPUT"
