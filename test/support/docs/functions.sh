# Functions for scripts that run the commands of the documentation.
set -euo pipefail
trap 'echo "failed: $BASH_COMMAND" >&2' ERR

# until_accepted NAME NAMESPACE: waits until the server accepts the integration's token. Sets
# ENDPOINT and TOKEN.
until_accepted() {
  local namespace=${2:-acme}
  for _ in $(seq 200); do
    ENDPOINT=$(kubectl --namespace "$namespace" get scimint "$1" --output jsonpath='{.status.endpoint}')
    TOKEN=$(kubectl --namespace "$namespace" get secret "$1-scim-token" --ignore-not-found --output jsonpath='{.data.token}' | base64 -d)
    if curl --silent --fail --output users.json "$ENDPOINT/Users" --header "Authorization: Bearer $TOKEN"; then
      return
    fi
    sleep 0.1
  done
  echo "the token of $1 was not accepted in time" >&2
  return 1
}

# create_user USERNAME, create_group DISPLAYNAME MEMBER_ID…: print the id.
create_user() {
  created Users "$(jq -n --arg name "$1" '{schemas: ["urn:ietf:params:scim:schemas:core:2.0:User"], userName: $name}')"
}
create_group() {
  created Groups "$(jq -n '{schemas: ["urn:ietf:params:scim:schemas:core:2.0:Group"], displayName: $ARGS.positional[0],
    members: $ARGS.positional[1:] | map({value: .})}' --args "$@")"
}
created() {
  curl --silent --fail-with-body "$ENDPOINT/$1" --header "Authorization: Bearer $TOKEN" \
    --header 'Content-Type: application/scim+json' --data "$2" | jq -r .id
}

# until_serving COMMAND…: starts the program, and stops it when it serves requests.
until_serving() {
  SCIM_OPERATOR_DATABASE_URL=${SCIM_OPERATOR_DATABASE_URL:-file:own.db} "$@" --port=0 --ops-port=0 >own.log 2>&1 &
  until grep --quiet 'serving SCIM' own.log; do
    kill -0 $! || { cat own.log >&2; return 1; }
    sleep 0.1
  done
  kill $!
  wait $!
}

# sign_in TOKEN: opens a session in the console, as the form there does.
sign_in() {
  local next
  next=$(curl --silent --output /dev/null --write-out '%{redirect_url}' "$PUBLIC_URL/console/-/token" \
    --header "Origin: $PUBLIC_URL" --data-urlencode "token=$1")
  [ "$next" = "$PUBLIC_URL/console" ] || { echo "not signed in: $next" >&2; return 1; }
}
