/**
 * The program that git runs in a container when it wants a password. It passes the question on to the socket beside it,
 * with the first program that the image has for that. It only ever answers "get": nothing is stored or erased.
 */
export const helperScript = `#!/bin/sh
# Asks Kandev, on the host, for what its user has agreed to. Made by Kandev; read-only.
test "$1" = get || exit 0
socket="$(dirname "$0")/socket"
if command -v node >/dev/null 2>&1; then
  exec node -e '
    const socket = require("net").connect(process.argv[1]);
    socket.on("error", (error) => { console.error("kandev: " + error.message); process.exit(1); });
    process.stdin.on("data", (text) => socket.write(text)).on("end", () => socket.write("\\n"));
    socket.pipe(process.stdout);
  ' "$socket"
elif command -v python3 >/dev/null 2>&1; then
  exec python3 -c '
import socket, sys
s = socket.socket(socket.AF_UNIX)
s.connect(sys.argv[1])
s.sendall(sys.stdin.buffer.read() + b"\\n")
while True:
    data = s.recv(65536)
    if not data: break
    sys.stdout.buffer.write(data)
' "$socket"
elif command -v perl >/dev/null 2>&1; then
  exec perl -MIO::Socket::UNIX -e '
    my $s = IO::Socket::UNIX->new(Peer => $ARGV[0]) or die "kandev: $!\\n";
    print $s $_ while <STDIN>;
    print $s "\\n";
    $s->flush;
    print while <$s>;
  ' "$socket"
elif command -v socat >/dev/null 2>&1; then
  { cat; echo; } | socat -t 30 - "UNIX-CONNECT:$socket"
else
  echo "kandev: this image has no node, python3, perl or socat to ask the host for a password." >&2
  exit 1
fi
`;
