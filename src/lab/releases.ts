// The operating systems a twin can be, and the exact recipe of each base: what a freshly provisioned cloud host has.

export type TwinOs = "ubuntu-24.04" | "debian-13" | "debian-12";

export type Release = {
  readonly os: TwinOs;
  readonly codename: string;
  readonly components: readonly string[];
  /** Where the archive's keys lie, on this machine and in the twin alike. */
  readonly keyring: string;
  /** Debian package that brings the keyring. */
  readonly keyringPackage: string;
  /** debootstrap's script, named because an older debootstrap does not know a newer codename. */
  readonly script: string;
  readonly suites: readonly string[];
  readonly securitySuite: string;
};

export const releases: Readonly<Record<TwinOs, Release>> = {
  "debian-13": debian("debian-13", "trixie"),
  "debian-12": debian("debian-12", "bookworm"),
  "ubuntu-24.04": {
    os: "ubuntu-24.04",
    codename: "noble",
    components: ["main", "universe"],
    keyring: "/usr/share/keyrings/ubuntu-archive-keyring.gpg",
    keyringPackage: "ubuntu-keyring",
    script: "gutsy",
    suites: ["noble", "noble-updates"],
    securitySuite: "noble-security",
  },
};

/** Beyond debootstrap's minbase: what every cloud image of these systems has and Demesne or its probe relies on. */
export const basePackages: readonly string[] = [
  "systemd",
  "systemd-sysv",
  "systemd-timesyncd",
  "libpam-systemd",
  "dbus",
  "openssh-server",
  "python3",
  "python3-apt",
  "iproute2",
  "iputils-ping",
  "nftables",
  "procps",
  "kmod",
  "sudo",
  "ca-certificates",
];

function debian(os: TwinOs, codename: string): Release {
  return {
    os,
    codename,
    components: ["main"],
    keyring: "/usr/share/keyrings/debian-archive-keyring.gpg",
    keyringPackage: "debian-archive-keyring",
    script: "sid",
    suites: [codename, `${codename}-updates`],
    securitySuite: `${codename}-security`,
  };
}
