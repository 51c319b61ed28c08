#!/usr/bin/env bash
# JupyterLab and jmcp for one person. Says where, once everything answers; fails with what was last
# logged when something does not.
#
#   start.sh                   in a container (Docker with compose)
#   start.sh --without-docker  with the `jmcp` on the PATH, or the command in JMCP
#   start.sh stop              ends what the second form has started
#
# JMCP_PORT (8888), JMCP_NOTEBOOKS (./notebooks) and JMCP_WAIT (seconds, 120) change what it does. State
# is in JMCP_STATE (the folder .state beside this file): the token, the log, the process's id.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
export JMCP_PORT=${JMCP_PORT:-8888}
export JMCP_NOTEBOOKS=${JMCP_NOTEBOOKS:-$PWD/notebooks}
state=${JMCP_STATE:-$here/.state}
wait_seconds=${JMCP_WAIT:-120}
url=http://127.0.0.1:$JMCP_PORT
log=$state/jmcp.log
pid_file=$state/jmcp.pid

fail() {
  echo "start.sh: $*" >&2
  exit 1
}

running() { [[ -f $pid_file ]] && kill -0 "$(<"$pid_file")" 2>/dev/null; }

last_lines() {
  if [[ $mode == docker ]]; then
    compose logs --no-color --tail 20 jmcp
  elif [[ -f $log ]]; then
    tail -n 20 "$log"
  fi
}

compose() { docker compose --project-directory "$here" --file "$here/compose.yaml" "$@"; }

end() {
  local pid
  pid=$(<"$pid_file")
  kill -TERM "$pid"
  timeout 30 tail --pid="$pid" --sleep-interval 0.1 -f /dev/null || kill -KILL "$pid"
  rm -f "$pid_file"
}

# answers NAME PATH: whether that part answers with a status of success, within 5 s.
answers() {
  curl --silent --fail --max-time 5 --output /dev/null \
    --header @<(echo "Authorization: Bearer $JMCP_TOKEN") "$url$2"
}

# await NAME PATH: until it answers, the process has ended or the time is up.
await() {
  until answers "$@"; do
    if [[ $mode == process ]] && ! running; then
      last_lines >&2
      fail "jmcp ended before $1 answered; above is what it logged last"
    fi
    if ((SECONDS >= wait_seconds)); then
      last_lines >&2
      [[ $mode == docker ]] || end
      fail "$1 does not answer at $url$2 after $wait_seconds s; above is what was logged last"
    fi
    sleep 0.2
  done
  echo "$1 answers"
}

mode=docker
case "${1:-}" in
  "") ;;
  --without-docker) mode=process ;;
  stop)
    running || fail "nothing runs that this script has started"
    end
    echo "stopped"
    exit
    ;;
  *) fail "$1 is unknown: start.sh [--without-docker | stop]" ;;
esac

command -v curl >/dev/null || fail "curl is needed, to ask whether everything answers"
mkdir -p "$JMCP_NOTEBOOKS"
umask 077
mkdir -p "$state"
if [[ -z ${JMCP_TOKEN:-} ]]; then
  [[ -s $state/token ]] || od -An -N32 -tx1 /dev/urandom | tr -d ' \n' >"$state/token"
  JMCP_TOKEN=$(<"$state/token")
fi
export JMCP_TOKEN

if [[ $mode == docker ]]; then
  docker compose version >/dev/null 2>&1 ||
    fail "docker with the compose plugin was not found; start.sh --without-docker needs neither"
  # Docker does not map users of a folder that it is given.
  [[ $(stat -c %u "$JMCP_NOTEBOOKS") == 1000 ]] || chown 1000:1000 "$JMCP_NOTEBOOKS" 2>/dev/null ||
    fail "the container writes as user 1000: sudo chown 1000:1000 $JMCP_NOTEBOOKS"
  compose up --build --detach --wait --wait-timeout "$wait_seconds" ||
    { last_lines >&2; fail "the container is not healthy after $wait_seconds s"; }
else
  running && fail "it runs already, as process $(<"$pid_file"); start.sh stop ends it"
  read -r -a command <<<"${JMCP:-jmcp}"
  command -v "${command[0]}" >/dev/null || fail "${command[0]} was not found; install jmcp[lab] or set JMCP"
  nohup "${command[@]}" serve --no-browser --host 127.0.0.1 --port "$JMCP_PORT" \
    --root-dir "$JMCP_NOTEBOOKS" >"$log" 2>&1 </dev/null &
  echo $! >"$pid_file"
fi

await Jupyter /api/status
await JupyterLab /lab
await "MCP" /mcp/healthz
await "the REST API" /jmcp/v1/activity

cat <<END

JupyterLab  $url/lab
workbench   $url/jmcp/workbench
MCP         $url/mcp   with the header  Authorization: Bearer TOKEN
REST        $url/jmcp/v1
TOKEN is in $state/token
END
