#!/bin/sh
# Plans, applies, plans again without a difference, and destroys examples/terraform with the real provider against a fresh server in test
# mode. By hand, since the provider takes a quarter of an hour to build:
#
#   git clone https://github.com/aliyun/terraform-provider-alicloud && cd terraform-provider-alicloud && go build -p 1
#   COFFER_BINARY=target/debug/coffer PROVIDER=…/terraform-provider-alicloud e2e/terraform/run.sh
#
# PROVIDER is the provider's executable; TERRAFORM is `terraform` unless it is said (`tofu` will do).
set -eu
: "${COFFER_BINARY:?names the server}" "${PROVIDER:?names the provider}"
terraform=${TERRAFORM:-terraform}
example=$(cd "$(dirname "$0")/../../examples/terraform" && pwd)
place=$(mktemp -d)
trap 'kill "$server" 2>/dev/null; wait 2>/dev/null; rm -rf "$place"' EXIT INT TERM

export COFFER_ACCOUNT_ID=1234567890123456
export COFFER_ROOT_ACCESS_KEY_ID=LTAIterraformterraform00 COFFER_ROOT_ACCESS_KEY_SECRET=terraformterraformterraform000
"$COFFER_BINARY" serve --test-mode --listen 127.0.0.1:0 --data "$place/data" >"$place/out" 2>"$place/log" &
server=$!
while ! grep -q 'http://' "$place/out"; do
    kill -0 "$server" || { cat "$place/log"; exit 1; }
    sleep 0.1
done
endpoint=$(sed -n 's,.*http://\([0-9.:]*\) .*,\1,p' "$place/out" | head -n 1)

mkdir "$place/plugins"
ln -s "$(realpath "$PROVIDER")" "$place/plugins/terraform-provider-alicloud"
# With an override there is nothing to initialise, and no registry is asked.
cat >"$place/terraformrc" <<EOF
provider_installation {
  dev_overrides { "aliyun/alicloud" = "$place/plugins" }
  direct {}
}
EOF
export TF_CLI_CONFIG_FILE="$place/terraformrc" TF_IN_AUTOMATION=1
export TF_VAR_endpoint="$endpoint" TF_VAR_account_id=$COFFER_ACCOUNT_ID
export ALIBABA_CLOUD_ACCESS_KEY_ID=$COFFER_ROOT_ACCESS_KEY_ID
export ALIBABA_CLOUD_ACCESS_KEY_SECRET=$COFFER_ROOT_ACCESS_KEY_SECRET
cp "$example"/*.tf "$place"
cd "$place"

step() {
    echo "== $*"
    "$@"
}
step "$terraform" plan -no-color -out=plan
step "$terraform" apply -no-color plan
encrypted=$("$terraform" output -no-color -json disk)
echo "$encrypted" | grep -q '"encrypted":true' || { echo "the disk is not encrypted: $encrypted"; exit 1; }
step "$terraform" plan -no-color -detailed-exitcode
step "$terraform" destroy -no-color -auto-approve
[ -z "$("$terraform" state list)" ] || { echo "something is left"; exit 1; }
echo "planned, applied, planned again without a difference, destroyed"
