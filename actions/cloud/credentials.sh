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
	aws_login
	setting AWS_REGION "$AWS_REGION" aws.region
	session=$(aws configure export-credentials --format process)
	secret AWS_ACCESS_KEY_ID "$(jq --raw-output .AccessKeyId <<<"$session")"
	secret AWS_SECRET_ACCESS_KEY "$(jq --raw-output .SecretAccessKey <<<"$session")"
	secret AWS_SESSION_TOKEN "$(jq --raw-output .SessionToken <<<"$session")"
elif [ -n "$(of .google.provider)" ]; then
	google_login
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
