package host

import (
	"fmt"
	"time"
)

// unitFiles are the units of the user's systemd instance.
var unitFiles = map[string]string{
	"goldenpath@.service": `# Written by goldenpath host install.
[Unit]
Description=goldenpath %i
StartLimitIntervalSec=0

[Service]
Type=exec
ExecStart=` + Program + ` host exec %i
ExecStop=` + Program + ` host halt %i
Restart=always
RestartSec=1
TimeoutStopSec=40
KillMode=mixed
Delegate=yes

[Install]
WantedBy=default.target
`,
	"goldenpath-converge.service": `# Written by goldenpath host install.
[Unit]
Description=goldenpath: routes and containers as recorded, after a boot

[Service]
Type=oneshot
ExecStart=` + Program + ` host sweep
Restart=on-failure
RestartSec=5

[Install]
WantedBy=default.target
`,
	"goldenpath-sweep.service": `# Written by goldenpath host install.
[Unit]
Description=goldenpath: remove what has expired, repair what was cut

[Service]
Type=oneshot
ExecStart=` + Program + ` host sweep
`,
	"goldenpath-settle@.service": `# Written by goldenpath host install.
[Unit]
Description=goldenpath: put away what %i served before

[Service]
Type=oneshot
ExecStart=` + Program + ` host settle %i
`,
	"goldenpath-guard.service": `# Written by goldenpath host install.
[Unit]
Description=goldenpath: keep previews from filling the disk

[Service]
Type=oneshot
ExecStart=` + Program + ` host guard
`,
	guardTimer: `# Written by goldenpath host install.
[Unit]
Description=goldenpath: look whether the disk fills up

[Timer]
OnActiveSec=30s
OnUnitActiveSec=30s
AccuracySec=5s

[Install]
WantedBy=timers.target
`,
	sweepTimer: `# Written by goldenpath host install.
[Unit]
Description=goldenpath: remove what has expired

[Timer]
OnActiveSec=1min
OnUnitActiveSec=` + fmt.Sprint(int(SweepEvery/time.Minute)) + `min

[Install]
WantedBy=timers.target
`,
}

// firewallFile keeps the containers of Docker away from the services of the server itself: from
// SSH and from every other port. What is asked of them may be answered.
const firewallFile = "/etc/goldenpath/firewall.nft"

const firewall = `# Written by goldenpath host install.
table inet goldenpath
delete table inet goldenpath
table inet goldenpath {
	chain input {
		type filter hook input priority -10; policy accept;
		iifname "` + bridgePrefix + `*" ct state established,related accept
		iifname "` + bridgePrefix + `*" drop
	}
}
`

// The unit that loads it.
const (
	systemDir       = "/etc/systemd/system"
	firewallService = "goldenpath-firewall.service"
)

const firewallUnit = `# Written by goldenpath host install.
[Unit]
Description=goldenpath: containers do not reach the services of this server
Before=docker.service

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=nft --file ` + firewallFile + `
ExecStop=nft delete table inet goldenpath

[Install]
WantedBy=multi-user.target
`

// Caddy opens its ports again for each configuration, beside the old ones. By this setting the
// kernel hands the connections that wait at an old one to the new one, and does not cut them off.
const (
	sysctlFile     = "/etc/sysctl.d/90-goldenpath.conf"
	sysctl         = "# Written by goldenpath host install.\nnet.ipv4.tcp_migrate_req = 1\n"
	migrateSetting = "/proc/sys/net/ipv4/tcp_migrate_req"
)
