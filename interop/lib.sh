# What every peer's script needs: a Muster of its own, the peer's packages, and an end in which nothing stays behind.
# Source it. Packages are installed once, in a cache outside the clone.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
: "${MUSTER:?interop/run sets it}"

cache=${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/muster-interop
mkdir -p "$cache"
work=$(mktemp -d)
pids=()
postgres=
# One's own: two peers may be at work at once.
export MUSTER_TEST_POSTGRES_DIR=/tmp/muster-interop-postgres.$$ MUSTER_TEST_POSTGRES_PORT=$((24400 + $$ % 500))
finish() {
  for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null && wait "$pid" 2>/dev/null || true; done
  if [ -n "$postgres" ]; then "$here/../tests/postgres.sh" stop >/dev/null 2>&1 || true; rm -f "$MUSTER_TEST_POSTGRES_DIR.log"; fi
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

certificate() { # NAME: an authority NAME.ca and, signed by it, NAME.pem for localhost with its key NAME.key
  local at=$work/$1
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj "/CN=$1 authority" \
    -keyout "$at.cakey" -out "$at.ca" 2>/dev/null
  openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=localhost \
    -keyout "$at.key" -out "$at.csr" 2>/dev/null
  printf 'subjectAltName=DNS:localhost\nbasicConstraints=CA:FALSE\n' >"$at.ext"
  openssl x509 -req -in "$at.csr" -CA "$at.ca" -CAkey "$at.cakey" -CAcreateserial -days 2 -extfile "$at.ext" \
    -out "$at.pem" 2>/dev/null
}

serve() { # [OPTION...]: starts Muster; $url and $data say where
  data=$(mktemp -d "$work/data.XXXX")
  local p
  p=$(port)
  url=http://127.0.0.1:$p
  run_muster "$p" "$@"
}

serve_tls() { # NAME [OPTION...]: the same over TLS, with the certificate NAME, which curl and Node.js then believe
  export CURL_CA_BUNDLE=$work/$1.ca NODE_EXTRA_CA_CERTS=$work/$1.ca
  data=$(mktemp -d "$work/data.XXXX")
  local p name=$1
  shift
  p=$(port)
  url=https://localhost:$p
  run_muster "$p" --tls-cert "$work/$name.pem" --tls-key "$work/$name.key" "$@"
}

run_muster() { # PORT [OPTION...]
  local p=$1
  shift
  "$MUSTER" serve --data-dir "$data" --listen "127.0.0.1:$p" --public-url "$url" "$@" >"$data.log" 2>&1 &
  pids+=($!)
  await "$url/readyz" || { tail -20 "$data.log"; return 1; }
}

muster() { # a command to the server that runs on $data
  "$MUSTER" --data-dir "$data" "$@"
}

npm_packages() { # the packages of the current folder's lock file; $node is a Node.js they run on, 20 or newer
  local there
  there=$cache/npm-$(sha256sum package-lock.json | cut -c1-16)
  exec 8>"$cache/lock"
  flock 8
  if [ ! -e "$there/done" ]; then
    mkdir -p "$there"
    cp package.json package-lock.json "$there"
    npm ci --prefix "$there" --no-fund --no-audit --silent 8>&-
    touch "$there/done"
  fi
  [ -L node_modules ] || rm -rf node_modules
  ln -sfn "$there/node_modules" node_modules
  node=node
  # Where the system's Node.js is older, npm has one.
  if [ "$(node -p 'process.versions.node.split(".")[0]')" -lt 20 ]; then
    node=$cache/node/node_modules/.bin/node
    [ -x "$node" ] || npm install --prefix "$cache/node" --no-save --no-fund --no-audit --silent node@22 8>&-
  fi
  exec 8>&-
}

pip_packages() { # REQUIREMENTS: $python is a Python with them, each checked by its hash
  local there
  there=$cache/pip-$(sha256sum "$1" | cut -c1-16)
  python=$there/bin/python
  exec 8>"$cache/lock"
  flock 8
  if [ ! -e "$there/done" ]; then
    python3 -m venv --clear "$there"
    "$there/bin/pip" -q install --disable-pip-version-check --no-deps --require-hashes -r "$1" 8>&-
    touch "$there/done"
  fi
  exec 8>&-
}
