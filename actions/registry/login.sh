#!/usr/bin/env bash
# Writes the login to a registry in the format of Docker's config.json, for later steps and
# containers of the job. With LOGIN, it gets a token from the cloud that the registry belongs
# to, with the run's identity (OIDC).
set -euo pipefail
. "$(dirname "$0")/../cloud/identity.sh"

username=$USERNAME password=$PASSWORD
if [ -n "$(of .aws.role)" ]; then
	aws_login
	username=AWS
	password=$(aws ecr get-login-password --region "$AWS_REGION")
elif [ -n "$(of .google.provider)" ]; then
	google_login
	username=oauth2accesstoken
	password=$(gcloud auth print-access-token)
elif [ -n "$(of .azure.client)" ]; then
	azure_login
	username=00000000-0000-0000-0000-000000000000
	password=$(az acr login --name "${REGISTRY%%.*}" --expose-token --query accessToken --output tsv)
elif [ -n "$LOGIN" ]; then
	fail "input registry-login has no identity; set aws.role, google.provider or azure.client"
fi
if [ -z "$password" ]; then
	[ -z "$LOGIN" ] || fail "the cloud gave no token for $REGISTRY"
	# A run for a fork or for Dependabot has no secrets. What can be read without a login is read.
	echo "::notice::There is no login for $REGISTRY: the secret registry-password is empty."
	exit 0
fi
[ -n "$username" ] || fail "the login to $REGISTRY has no user name; set registry-username"

host=$REGISTRY
case $host in docker.io | index.docker.io) host=https://index.docker.io/v1/ ;; esac
[ -z "$LOGIN" ] || echo "::add-mask::$password" # GitHub masks a secret itself
auth=$(printf '%s:%s' "$username" "$password" | base64 --wrap=0)
echo "::add-mask::$auth"
folder=$RUNNER_TEMP/goldenpath-registry
mkdir -p -m 700 "$folder"
install -m 600 /dev/null "$folder/config.json"
HOST=$host AUTH=$auth jq --null-input '{auths: {(env.HOST): {auth: env.AUTH}}}' >"$folder/config.json"
echo "docker-config=$folder" >>"$GITHUB_OUTPUT"
