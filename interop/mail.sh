# A real mail server for whoever needs one. Source it after lib.sh; it leaves $mailport, and $post with what arrived.
pip_packages "$here/smtp/requirements.txt"
mailport=$(port)
post=$work/post
mkdir "$post"

mail_server() { # [NAME]: starts it, with the certificate NAME if there is one; $mailpid is its process
  local log=$work/mail.$RANDOM.log
  : >"$log"
  "$python" "$here/smtp/server.py" "$mailport" "$post" ${1:+"$work/$1.pem" "$work/$1.key"} >"$log" 2>&1 &
  mailpid=$!
  pids+=("$mailpid")
  for _ in $(seq 100); do
    if grep -q ready "$log"; then return; fi
    sleep 0.1
  done
  cat "$log"
  return 1
}
