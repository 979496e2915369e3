#!/bin/sh
# A Postfix of a test's own, with its configuration, queue and mailboxes below DIRECTORY: as root, from the start until the
# standard input ends, or says "keep": then the queue stays for the next start. Prints "ready".
#
# postfix.sh DIRECTORY PORT SIZE_LIMIT DEFERRED: mailboxes for all of mailboxes.txt at example.com; DEFERRED is put off.
set -eu
dir=$1 port=$2 limit=$3 deferred=$4
PATH=$PATH:/usr/sbin
chmod 755 "$dir"
mkdir -p "$dir/etc" "$dir/queue" "$dir/data" "$dir/mail"
chown postfix "$dir/data"
# Who runs the test is to read what arrives; nothing is delivered as root.
owner=$(stat -c %u "$dir")
[ "$owner" != 0 ] || owner=$(id -u postfix)
chown "$owner" "$dir/mail"

sed 's,.*,&@example.com &/,' "$dir/mailboxes.txt" >"$dir/etc/mailboxes"
echo "$deferred DEFER come back later" >"$dir/etc/access"
cat >"$dir/etc/main.cf" <<END
compatibility_level = 3.6
queue_directory = $dir/queue
data_directory = $dir/data
myhostname = localhost
mydestination =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
maillog_file = $dir/log
maillog_file_prefixes = $dir
alias_maps =
alias_database =
virtual_mailbox_domains = example.com
virtual_mailbox_base = $dir/mail
virtual_mailbox_maps = texthash:$dir/etc/mailboxes
virtual_mailbox_limit = 0
virtual_uid_maps = static:$owner
virtual_gid_maps = static:$(id -g postfix)
virtual_minimum_uid = 1
smtpd_tls_security_level = encrypt
smtpd_tls_cert_file = $dir/server.pem
smtpd_recipient_restrictions = check_recipient_access texthash:$dir/etc/access, reject_unauth_destination
message_size_limit = $limit
END
cat >"$dir/etc/master.cf" <<END
127.0.0.1:$port inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
error unix - - n - - error
retry unix - - n - - error
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
END
# Its programs must not hold the pipes by which the test hears of us.
postfix -c "$dir/etc" start >"$dir/start" 2>&1 </dev/null || { cat "$dir/start" >&2; exit 1; }
echo ready
word=
read -r word || true
postfix -c "$dir/etc" stop >/dev/null 2>&1 </dev/null
[ "$word" = keep ] || rm -rf "$dir/queue" "$dir/data" "$dir/mail"
