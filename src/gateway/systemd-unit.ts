// The gateway as a systemd service, for a machine without containers: a user of its own that exists only while it runs, a
// root that it cannot write, no capability, and nothing of the system that it does not need.

export type UnitPaths = {
  /** The Node that runs it. */
  readonly node: string;
  /** main.js of this room. */
  readonly program: string;
};

/** The text of demesne-gateway.service. Its configuration is /etc/demesne-gateway/gateway.yaml. */
export function systemdUnit({ node, program }: UnitPaths): string {
  return `# ${UNIT} - written by demesne gateway --systemd
# Configuration   /etc/demesne-gateway/gateway.yaml (no secret in it), with
#                   management: /run/demesne-gateway/management.sock
#                   state: /var/lib/demesne-gateway
# Upstream keys   /etc/demesne-gateway/keys/NAME (root, 0600), in the configuration as
#                   keyFile: /run/credentials/${UNIT}/keys_NAME
[Unit]
Description=Demesne gateway
After=network-online.target
Wants=network-online.target

[Service]
Type=exec
ExecStart=${node} --max-semi-space-size=8 ${program} --config /etc/demesne-gateway/gateway.yaml
ExecReload=/bin/kill -HUP $MAINPID
KillMode=mixed
TimeoutStopSec=45
Restart=on-failure
RestartSec=2

# Who it is, and the only places it may write.
DynamicUser=yes
StateDirectory=demesne-gateway
StateDirectoryMode=0700
RuntimeDirectory=demesne-gateway
RuntimeDirectoryMode=0700
LoadCredential=keys:/etc/demesne-gateway/keys
UMask=0077
Environment=MALLOC_ARENA_MAX=2

${CONFINEMENT}
[Install]
WantedBy=multi-user.target
`;
}

const UNIT = "demesne-gateway.service";

/** MemoryDenyWriteExecute is not here: V8 compiles what it runs. */
const CONFINEMENT = `# What it may not do.
CapabilityBoundingSet=
AmbientCapabilities=
NoNewPrivileges=yes
ProtectSystem=strict
ProtectHome=yes
PrivateTmp=yes
PrivateDevices=yes
PrivateUsers=yes
PrivateIPC=yes
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectProc=invisible
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
RemoveIPC=yes
KeyringMode=private
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged @resources
SystemCallErrorNumber=EPERM
DevicePolicy=closed
TasksMax=64
MemoryMax=1G
OOMPolicy=stop
`;
