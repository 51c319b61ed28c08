#!/usr/bin/env bash
# Writes /etc/jmcp/{proxy,hub,gateway}.env with secrets of their own, once: secrets.sh https://hub.example.org
set -euo pipefail

public_url=${1:?the URL at which people reach the Hub, as in https://hub.example.org}
folder=${JMCP_ETC:-/etc/jmcp}
random() { od -An -N32 -tx1 /dev/urandom | tr -d ' \n'; }

umask 077
mkdir -p "$folder"
for name in proxy hub gateway; do
  [[ ! -e $folder/$name.env ]] || { echo "secrets.sh: $folder/$name.env is there already, and is kept" >&2; exit 1; }
done
proxy=$(random)
gateway=$(random)
metrics=$(random)
printf 'CONFIGPROXY_AUTH_TOKEN=%s\n' "$proxy" >"$folder/proxy.env"
printf 'CONFIGPROXY_AUTH_TOKEN=%s\nJMCP_GATEWAY_TOKEN=%s\nJMCP_METRICS_TOKEN=%s\nJUPYTERHUB_CRYPT_KEY=%s\nJMCP_PUBLIC_URL=%s\n' \
  "$proxy" "$gateway" "$metrics" "$(random)" "$public_url" >"$folder/hub.env"
printf 'JUPYTERHUB_API_TOKEN=%s\nJMCP_GATEWAY_METRICS_TOKEN=%s\nJMCP_GATEWAY_PUBLIC_URL=%s\n' \
  "$gateway" "$metrics" "$public_url" >"$folder/gateway.env"
echo "secrets are in $folder"
