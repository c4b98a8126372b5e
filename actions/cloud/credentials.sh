# Writes the credentials of a cloud for Terraform: NAME=value lines with the names that the
# providers and the backends read. Sourced by kubeconfig.sh.
file=$RUNNER_TEMP/goldenpath-credentials
install -m 600 /dev/null "$file"

setting() {
	[ -n "$2" ] || fail "input login has no $3"
	echo "$1=$2" >>"$file"
}
secret() {
	[ -n "$2" ] || fail "the cloud gave no $1"
	echo "::add-mask::$2"
	echo "$1=$2" >>"$file"
}

if [ -n "$(of .aws.role)" ]; then
	identity sts.amazonaws.com
	setting AWS_REGION "$(of .aws.region)" aws.region
	unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN AWS_PROFILE
	AWS_ROLE_ARN=$(of .aws.role) AWS_REGION=$(of .aws.region)
	export AWS_ROLE_ARN AWS_REGION AWS_WEB_IDENTITY_TOKEN_FILE=$private/identity AWS_ROLE_SESSION_NAME=goldenpath-$GITHUB_RUN_ID
	export AWS_CONFIG_FILE=/dev/null AWS_SHARED_CREDENTIALS_FILE=/dev/null
	session=$(aws configure export-credentials --format process)
	secret AWS_ACCESS_KEY_ID "$(jq --raw-output .AccessKeyId <<<"$session")"
	secret AWS_SECRET_ACCESS_KEY "$(jq --raw-output .SecretAccessKey <<<"$session")"
	secret AWS_SESSION_TOKEN "$(jq --raw-output .SessionToken <<<"$session")"
elif [ -n "$(of .google.provider)" ]; then
	provider=$(of .google.provider) account=$(of .google.account)
	identity "https://iam.googleapis.com/$provider"
	export CLOUDSDK_CONFIG=$private/gcloud CLOUDSDK_CORE_DISABLE_PROMPTS=1
	gcloud iam workload-identity-pools create-cred-config "$provider" ${account:+--service-account="$account"} \
		--credential-source-file="$private/identity" --output-file="$private/credentials.json" >/dev/null
	gcloud auth login --cred-file="$private/credentials.json" >/dev/null
	secret GOOGLE_OAUTH_ACCESS_TOKEN "$(gcloud auth print-access-token)"
else
	# The provider exchanges the identity itself; there is no variable for an access token.
	identity api://AzureADTokenExchange
	setting ARM_USE_OIDC true
	setting ARM_CLIENT_ID "$(of .azure.client)" azure.client
	setting ARM_TENANT_ID "$(of .azure.tenant)" azure.tenant
	setting ARM_SUBSCRIPTION_ID "$(of .azure.subscription)" azure.subscription
	secret ARM_OIDC_TOKEN "$(cat "$private/identity")"
fi
echo "credentials=$file" >>"$GITHUB_OUTPUT"
