#!/usr/bin/env bash
# As a new user: a Debian 12 that holds nothing but apt, the committed tree, and the README's commands.
#
#   tests/run.sh fresh          root, mmdebstrap and the Debian archive needed; a quarter of an hour
#
# Times the way to the ready line, then sends and receives a message through the broker with curl.
# Not one of the parts that run without being named, because it installs a system.
set -uo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"

if [ "$(id -u)" -ne 0 ]; then
  skip fresh "a Debian root can only be made by root"
  finish
  exit 0
fi
install_missing "tests fresh" mmdebstrap curl || { record fresh 0 1; finish; exit 1; }

# Not below the tree: the root must not see the packages and programs of this machine.
fresh=$(mktemp -d /tmp/switchyard-fresh-XXXXXX)
quickstart=
clean_up() {
  [ -n "$quickstart" ] && kill "$quickstart" 2>/dev/null && wait "$quickstart" 2>/dev/null
  umount -l "$fresh/proc" "$fresh/dev" 2>/dev/null
  rm -rf --one-file-system "$fresh"
}
trap clean_up EXIT

make_root() {
  mmdebstrap --variant=apt bookworm "$fresh" || return 1
  # The machine's way to the archive: mirror, proxy, certificates, names.
  cp -a /etc/apt/apt.conf.d/. "$fresh/etc/apt/apt.conf.d/"
  rm -rf "$fresh/etc/apt/sources.list" "$fresh/etc/apt/sources.list.d"
  for file in sources.list sources.list.d; do
    [ -e "/etc/apt/$file" ] && cp -a "/etc/apt/$file" "$fresh/etc/apt/"
  done
  mkdir -p "$fresh/etc/ssl/certs" "$fresh/usr/share/keyrings"
  cp -L /etc/resolv.conf /etc/hosts "$fresh/etc/"
  cp -aL /etc/ssl/certs/ca-certificates.crt "$fresh/etc/ssl/certs/"
  cp -an /usr/share/keyrings/. "$fresh/usr/share/keyrings/"
  mount -t proc proc "$fresh/proc" && mount --rbind /dev "$fresh/dev" && mount --make-rslave "$fresh/dev"
  mkdir -p "$fresh/home/user/switchyard"
  git -C "$root" archive HEAD | tar -x -C "$fresh/home/user/switchyard"
}

port=19324
# Takes the place of the shell that calls it, so that its pid is the broker's in the end.
become_in_root() {
  exec env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TERM=dumb \
    chroot "$fresh" /bin/bash -c "cd /home/user/switchyard && $1"
}

ready() {
  local log=$logs/fresh-quickstart.log started=$SECONDS
  # The port of this machine, not of the root: another broker may have the usual one.
  become_in_root "exec bash packaging/quickstart.sh --set http.listen=127.0.0.1:$port" >"$log" 2>&1 &
  quickstart=$!
  until grep -q "^switchyard ready " "$log"; do
    if ! kill -0 "$quickstart" 2>/dev/null || [ $((SECONDS - started)) -gt 2400 ]; then
      tail -n 40 "$log"
      return 1
    fi
    sleep 1
  done
  echo "from a bare Debian to the ready line: $((SECONDS - started)) s"
}

# The signature comes from curl itself, so that nothing of the tests is needed.
call() {
  local action=$1 body=$2
  curl -sS --fail-with-body --aws-sigv4 "aws:amz:us-east-1:sqs" --user "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY" \
    -H "X-Amz-Target: AmazonSQS.$action" -H 'Content-Type: application/x-amz-json-1.0' -d "$body" \
    "http://127.0.0.1:$port/"
}
message_goes_through() {
  . "$fresh/home/user/switchyard/switchyard-data/dev.env"
  local url
  url=$(call CreateQueue '{"QueueName":"orders"}' | sed -n 's/.*"QueueUrl":"\([^"]*\)".*/\1/p')
  call SendMessage "{\"QueueUrl\":\"$url\",\"MessageBody\":\"two coffees\"}" || return 1
  call ReceiveMessage "{\"QueueUrl\":\"$url\"}" | grep -q '"Body":"two coffees"'
}

if check fresh-root make_root && check fresh-quickstart-to-ready ready; then
  grep -h "ready line" "$logs/fresh-quickstart-to-ready.log" | sed 's/^/        /'
  check fresh-message-goes-through message_goes_through
fi
finish
