#!/usr/bin/env bash
# Starts a throw-away PostgreSQL on loopback for the tests and prints its URL; "stop" ends it.
#   eval "export MUSTER_TEST_POSTGRES=$(tests/postgres.sh start)"
# The role of the URL may create databases and is no superuser: row-level security proves nothing for one.
set -euo pipefail

# In memory where there is room for it: every test makes a database of some hundred files. One that is there stays the one.
memory=/dev/shm/muster-postgres disk=/tmp/muster-postgres
if [ -n "${MUSTER_TEST_POSTGRES_DIR:-}" ]; then dir=$MUSTER_TEST_POSTGRES_DIR
elif [ -d "$memory/data" ]; then dir=$memory
elif [ -d "$disk/data" ]; then dir=$disk
elif [ "$(df -Pk /dev/shm 2>/dev/null | awk 'NR == 2 { print int($4) }')" -gt 3000000 ] 2>/dev/null; then dir=$memory
else dir=$disk
fi
# Below the ports that outgoing connections take by themselves.
port=${MUSTER_TEST_POSTGRES_PORT:-24329}
bin=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1 || true)
[ -x "$bin/initdb" ] || bin=$(dirname "$(readlink -f "$(command -v initdb)")")
as() { if [ "$(id -u)" = 0 ]; then runuser -u postgres -- "$@"; else "$@"; fi; }
url="postgres://muster:muster@127.0.0.1:$port/postgres"

case "${1:-start}" in
start)
    if [ -d "$dir/data" ] && as "$bin/pg_ctl" -D "$dir/data" status >/dev/null 2>&1; then
        echo "$url"
        exit 0
    fi
    rm -rf "$dir"
    mkdir -p "$dir"
    [ "$(id -u)" != 0 ] || chown postgres "$dir"
    as "$bin/initdb" -D "$dir/data" -U postgres -A trust --no-sync --locale=C.UTF-8 -E UTF8 >"$dir.log" 2>&1
    as "$bin/pg_ctl" -D "$dir/data" -w -t 60 -l "$dir/server.log" -o "-p $port -k $dir -c listen_addresses=127.0.0.1 \
        -c fsync=${MUSTER_TEST_POSTGRES_FSYNC:-off} -c max_connections=300 -c shared_buffers=128MB" start >>"$dir.log" 2>&1
    as "$bin/psql" -q -h "$dir" -p "$port" -U postgres -d postgres \
        -c "CREATE ROLE muster LOGIN PASSWORD 'muster' NOSUPERUSER CREATEDB" >>"$dir.log" 2>&1
    echo "$url"
    ;;
stop)
    as "$bin/pg_ctl" -D "$dir/data" -m immediate stop >/dev/null 2>&1 || true
    rm -rf "$dir"
    ;;
*)
    echo "usage: $0 start|stop" >&2
    exit 2
    ;;
esac
