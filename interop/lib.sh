# What every peer's script needs: a Muster of its own, and an end in which nothing stays behind. Source it.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
: "${MUSTER:?interop/run sets it}"

work=$(mktemp -d)
pids=()
postgres=
export MUSTER_TEST_POSTGRES_DIR=/tmp/muster-interop-postgres MUSTER_TEST_POSTGRES_PORT=54342
finish() {
  for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null && wait "$pid" 2>/dev/null || true; done
  if [ -n "$postgres" ]; then "$here/../tests/postgres.sh" stop >/dev/null 2>&1 || true; fi
  rm -rf "$work"
}
trap finish EXIT

port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

field() { # NAME: a member of the JSON object on standard input
  python3 -c 'import json, sys; print(json.load(sys.stdin)[sys.argv[1]])' "$1"
}

await() { # URL: until it answers 200, half a minute at most
  for _ in $(seq 300); do
    if curl -fsS -o /dev/null --max-time 1 "$1" 2>/dev/null; then return; fi
    sleep 0.1
  done
  echo "no answer from $1"
  return 1
}

database() { # NAME: a fresh PostgreSQL database; $database is its URL
  postgres=$("$here/../tests/postgres.sh" start)
  psql -q "$postgres" -c "CREATE DATABASE $1"
  database=${postgres%/*}/$1
}

serve() { # [OPTION...]: starts Muster; $url and $data say where
  data=$(mktemp -d "$work/data.XXXX")
  local p
  p=$(port)
  url=http://127.0.0.1:$p
  "$MUSTER" serve --data-dir "$data" --listen "127.0.0.1:$p" --public-url "$url" "$@" >"$data.log" 2>&1 &
  pids+=($!)
  await "$url/readyz" || { tail -20 "$data.log"; return 1; }
}

muster() { # a command to the server that runs on $data
  "$MUSTER" --data-dir "$data" "$@"
}
