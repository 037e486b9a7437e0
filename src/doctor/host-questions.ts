// What doctor asks a host: one shell program over one connection, read-only, answering lines of `name=value`.

/** Each line stands for itself: what cannot be asked answers nothing, and nothing is taken for an answer. */
export const QUESTIONS = `
say() { printf '%s=%s\\n' "$1" "$(printf '%s' "$2" | head -n 1)"; }
export LC_ALL=C PATH=/usr/sbin:/usr/bin:/sbin:/bin
say python "$(python3 -I -c 'import sys; print("%d.%d.%d" % sys.version_info[:3])' 2>/dev/null)"
say init "$(cat /proc/1/comm 2>/dev/null)"
say os "$(. /etc/os-release 2>/dev/null && printf '%s-%s' "$ID" "$VERSION_ID")"
say nft "$(nft --version 2>/dev/null)"
say docker "$(timeout 10 docker version --format '{{.Server.Version}}' 2>/dev/null)"
say dockerfound "$(command -v docker 2>/dev/null)"
say synchronised "$(timedatectl show --property=NTPSynchronized --value 2>/dev/null)"
say time "$(date +%s)"
say rootfree "$(df -Pk / 2>/dev/null | awk 'NR == 2 { print $4 }')"
say varfree "$(df -Pk /var/lib 2>/dev/null | awk 'NR == 2 { print $4 }')"
say reboot "$(test -e /run/reboot-required && echo yes)"
`;

export type Answers = ReadonlyMap<string, string>;

export function answersIn(text: string): Answers {
  return new Map(
    text.split("\n").flatMap((line) => {
      const at = line.indexOf("=");
      return at > 0 ? [[line.slice(0, at), line.slice(at + 1).trim()] as const] : [];
    }),
  );
}
