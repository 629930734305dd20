"""What the how-to pages take as given: keys that are there, a server that runs, something to migrate from."""

CREDENTIALS = "[global]\nak = YOUR_ACCESS_KEY\nsk = YOUR_SECRET_KEY\n"


def keys(host):
    """The access keys of an IAM user in /etc/ccm/credentials."""
    host.run("install -d -m 700 /etc/ccm")
    host.write("/etc/ccm/credentials", CREDENTIALS, 0o600)


PREPARATIONS = {"keys": keys}
