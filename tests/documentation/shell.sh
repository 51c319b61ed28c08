# What a page's shell has before its first block. A command that serves goes on in the background here,
# where a reader would open another terminal; the next one on its port takes its place.
set -eo pipefail
declare -A serving=()

stop_on() {
  local process=${serving[$1]:-}
  unset "serving[$1]"
  [[ -n $process ]] || return 0
  kill -TERM "$process" 2>/dev/null || return 0
  # A Jupyter Server with collaboration may wait for its own thread for ever while a save is due.
  timeout 20 tail --pid="$process" -f /dev/null || kill -KILL "$process"
  wait "$process" || true
}

port_of() {
  if [[ "$*" =~ port[=\ ]([0-9]+) ]]; then echo "${BASH_REMATCH[1]}"; else echo "$PORT"; fi
}

# serve READY COMMAND...: READY is in the line that it prints last before it serves.
serve() {
  local ready=$1 port log
  shift
  port=$(port_of "$@")
  stop_on "$port"
  printf -v log '%s/%04d.log' "$LOGS" $((++served))
  : >"$log" # tail may come first
  "$@" >"$log" 2>&1 &
  serving[$port]=$!
  timeout 120 grep -qEm1 "$ready" <(tail -n +1 -f --pid=$! "$log") || { cat "$log"; return 1; }
  # Jupyter prints its address a moment before it listens there.
  timeout 60 bash -c "until : 2>/dev/null </dev/tcp/127.0.0.1/$port; do :; done"
}

trap 'for port in "${!serving[@]}"; do stop_on "$port"; done' EXIT

jmcp() {
  case " $* " in
    *" --help "* | *" --print-config "* | *" stdio "*) command jmcp "$@" ;;
    " serve "* | " start "*)
      if [[ -n $ONE_START && -n ${serving[$(port_of "$@")]:-} ]]; then
        command jmcp "$@" --print-config # its options are checked
      else
        serve '^Stop with' "$(type -P jmcp)" "$@"
      fi
      ;;
    *" --print "* | *" --yes "*) command jmcp "$@" ;;
    " install "*) # it asks at a terminal
      printf 'y\n' | script --quiet --return --command "$(type -P jmcp) $(printf '%q ' "$@")" /dev/null
      ;;
    *) command jmcp "$@" ;;
  esac
}

jupyter() {
  case "$1" in
    lab) serve '/lab[?]token=' "$(type -P jupyter)" "$@" --no-browser --allow-root ;;
    *) command jupyter "$@" ;;
  esac
}

make() {
  case "$1" in
    serve) serve '^Stop with' "$(type -P make)" "$@" ;;
    generate) command make ${ONE_START:+--dry-run} "$@" ;; # else `make check` has done as much
    *) command make "$@" ;;
  esac
}

redis-server() {
  serve 'Ready to accept' "$(type -P redis-server)" "$@"
}
