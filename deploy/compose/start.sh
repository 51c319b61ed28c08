#!/usr/bin/env bash
# Many users on this machine, in containers: makes the secrets once, builds the images, starts
# everything and waits until it is healthy. Fails with what was last logged when something is not.
#
#   start.sh [--wait SECONDS] [--secrets-only]
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
env_file=${JMCP_ENV_FILE:-$here/.env}
wait_seconds=300
secrets_only=no

fail() {
  echo "start.sh: $*" >&2
  exit 1
}

while (($#)); do
  case $1 in
    --wait) wait_seconds=${2:?--wait needs a number of seconds}; shift 2 ;;
    --secrets-only) secrets_only=yes; shift ;;
    *) fail "$1 is unknown: start.sh [--wait SECONDS] [--secrets-only]" ;;
  esac
done

random() { od -An -N32 -tx1 /dev/urandom | tr -d ' \n'; }

value() { sed -n "s/^$1=//p" "$env_file" | tail -n 1; }

# fill NAME VALUE: where it is empty. What somebody wrote is kept.
fill() {
  [[ -z $(value "$1") ]] || return 0
  if grep -q "^$1=" "$env_file"; then
    sed -i "s|^$1=.*|$1=$2|" "$env_file"
  else
    echo "$1=$2" >>"$env_file"
  fi
}

umask 077
[[ -f $env_file ]] || cp "$here/.env.example" "$env_file"
chmod 600 "$env_file"
for name in JMCP_PROXY_TOKEN JMCP_GATEWAY_TOKEN JMCP_CRYPT_KEY JMCP_REDIS_PASSWORD JMCP_METRICS_TOKEN JMCP_GRAFANA_PASSWORD; do fill "$name" "$(random)"; done
fill JMCP_ADMINS admin
fill JMCP_LOGIN shared-password
if [[ $(value JMCP_LOGIN) == shared-password ]]; then
  fill JMCP_USER_PASSWORD "$(random | cut -c 1-16)"
  fill JMCP_ADMIN_PASSWORD "$(random)"
  echo "Everybody who knows JMCP_USER_PASSWORD logs in under any name: good for trying out, and for"
  echo "nothing else. JMCP_LOGIN=oidc in $env_file asks an OpenID provider."
fi
[[ $secrets_only == no ]] || exit 0

docker compose version >/dev/null 2>&1 || fail "docker with the compose plugin (2.24 or newer) was not found"
data=$(value JMCP_DATA)
data=${data:-/srv/jmcp}
umask 022
for folder in hub gateway users shared/database shared/datasets; do
  mkdir -p "$data/$folder" || fail "$data cannot be made: run this as root once, or set JMCP_DATA in $env_file"
done
for folder in hub gateway users; do
  [[ $(stat -c %u "$data/$folder") == 1000 ]] || chown 1000:1000 "$data/$folder" ||
    fail "$data/$folder has to belong to user 1000, which the containers are: sudo chown 1000:1000 $data/$folder"
  chmod 700 "$data/$folder"
done

compose() { docker compose --project-directory "$here" --file "$here/compose.yaml" --env-file "$env_file" "$@"; }
compose --profile build build
if ! compose up --detach --wait --wait-timeout "$wait_seconds"; then
  compose ps --all >&2
  compose logs --no-color --tail 20 >&2
  fail "not everything is healthy after $wait_seconds s; above is what was logged last"
fi

public=$(value JMCP_PUBLIC_URL)
cat <<END

Hub       ${public:-http://127.0.0.1:8000}/
MCP       ${public:-http://127.0.0.1:8000}/services/jmcp/mcp
Passwords are in $env_file
END
