"""A private Postfix: its own configuration, queue and data, in the lab's scratch directory."""

import subprocess
import time

MAIN = """\
compatibility_level = 3.6
config_directory = {work}/postfix
queue_directory = {work}/queue
data_directory = {work}/data
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
myhostname = smtp.example
mydestination = smtp.example
inet_interfaces = all
inet_protocols = ipv4
smtpd_tls_cert_file = {pem}
smtpd_tls_key_file = {pem}
smtpd_tls_security_level = may
smtpd_relay_restrictions = reject_unauth_destination
alias_maps =
alias_database =
"""

MASTER = """\
smtp      inet  n  -  n  -  -  smtpd
smtps     inet  n  -  n  -  -  smtpd -o smtpd_tls_wrappermode=yes
pickup    unix  n  -  n  60 1  pickup
cleanup   unix  n  -  n  -  0  cleanup
qmgr      unix  n  -  n  300 1 qmgr
tlsmgr    unix  -  -  n  1000? 1 tlsmgr
rewrite   unix  -  -  n  -  -  trivial-rewrite
bounce    unix  -  -  n  -  0  bounce
defer     unix  -  -  n  -  0  bounce
proxymap  unix  -  -  n  -  -  proxymap
anvil     unix  -  -  n  -  1  anvil
"""


def start(lab, host, pem, main="", master=MASTER):
    """Run it on the host; `main` is added to main.cf."""
    directory = lab.work / "postfix"
    for name in ("postfix", "queue", "data"):
        (lab.work / name).mkdir()
    subprocess.run(["chown", "postfix", lab.work / "data"], check=True)
    (directory / "main.cf").write_text(MAIN.format(work=lab.work, pem=pem) + main)
    (directory / "master.cf").write_text(master)
    control = ["ip", "netns", "exec", host.namespace, "postfix", "-c", directory]
    lab.cleanup.callback(subprocess.run, [*control, "stop"], stdout=lab.log, stderr=lab.log)
    subprocess.run([*control, "start"], check=True, stdout=lab.log, stderr=lab.log)
    time.sleep(1)
