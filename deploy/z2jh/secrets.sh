#!/usr/bin/env bash
# Writes the secret jmcp as a manifest to standard output, each of its values new:
#   ./secrets.sh | kubectl --namespace jmcp create -f -
# OAUTH_CLIENT_SECRET is the Hub's secret at your OpenID provider.
set -euo pipefail

: "${OAUTH_CLIENT_SECRET:?is not set: the secret of the Hub at your OpenID provider}"
random() { od -An -N32 -tx1 /dev/urandom | tr -d ' \n'; }
redis=$(random)

cat <<END
apiVersion: v1
kind: Secret
metadata:
  name: jmcp
type: Opaque
stringData:
  gateway-token: "$(random)"
  # A key of Fernet; to change it put a new one before it, with a comma between.
  gateway-keys: "$(head -c 32 /dev/urandom | base64 | tr '+/' '-_')"
  gateway-store: "redis://:$redis@jmcp-redis:6379/0"
  metrics-token: "$(random)"
  oauth-client-secret: '$OAUTH_CLIENT_SECRET'
  redis.conf: |
    bind * -::*
    requirepass $redis
    appendonly yes
    dir /data
END
