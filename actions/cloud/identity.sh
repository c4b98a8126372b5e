# Functions that log in to a cloud with the run's identity (OIDC). LOGIN is the identity as
# JSON. What they write is in $private, which is removed when the script that reads this file
# ends.

fail() {
	echo "::error::$*"
	exit 2
}
of() { jq --raw-output --exit-status "$1 // empty" <<<"$LOGIN" || true; }

private=$(mktemp -d "$RUNNER_TEMP/goldenpath-cloud.XXXXXX")
trap 'rm -rf "$private"' EXIT

# identity AUDIENCE writes the run's identity for a cloud into $private/identity.
identity() {
	[ -n "${ACTIONS_ID_TOKEN_REQUEST_URL:-}" ] || fail "a login to a cloud needs the run's identity; give the job that calls the workflow the permission id-token: write"
	install -m 600 /dev/null "$private/identity"
	curl --silent --show-error --fail --retry 3 --max-time 60 \
		--header @<(printf 'Authorization: bearer %s' "$ACTIONS_ID_TOKEN_REQUEST_TOKEN") \
		"$ACTIONS_ID_TOKEN_REQUEST_URL&audience=$(jq --null-input --raw-output --arg audience "$1" '$audience | @uri')" |
		jq --raw-output --join-output --exit-status .value >"$private/identity"
	echo "::add-mask::$(cat "$private/identity")"
}

aws_login() {
	identity sts.amazonaws.com
	unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN AWS_PROFILE
	AWS_ROLE_ARN=$(of .aws.role) AWS_REGION=$(of .aws.region)
	export AWS_ROLE_ARN AWS_REGION AWS_WEB_IDENTITY_TOKEN_FILE=$private/identity AWS_ROLE_SESSION_NAME=goldenpath-$GITHUB_RUN_ID
	export AWS_CONFIG_FILE=/dev/null AWS_SHARED_CREDENTIALS_FILE=/dev/null
}

google_login() {
	local provider account
	provider=$(of .google.provider) account=$(of .google.account)
	identity "https://iam.googleapis.com/$provider"
	export CLOUDSDK_CONFIG=$private/gcloud CLOUDSDK_CORE_DISABLE_PROMPTS=1
	gcloud iam workload-identity-pools create-cred-config "$provider" ${account:+--service-account="$account"} \
		--credential-source-file="$private/identity" --output-file="$private/credentials.json" >/dev/null
	gcloud auth login --cred-file="$private/credentials.json" >/dev/null
}

azure_login() {
	identity api://AzureADTokenExchange
	export AZURE_CONFIG_DIR=$private/azure
	az login --service-principal --username "$(of .azure.client)" --tenant "$(of .azure.tenant)" --federated-token "@$private/identity" --output none
}
