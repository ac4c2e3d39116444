"""Programs of Debian packages that tests use without an installation (scripts/debian-program): nginx, promtool, logrotate, compose's schema."""
import functools
import os
import subprocess

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
PLACES = {"nginx": ("nginx", "usr/sbin/nginx"), "promtool": ("prometheus", "usr/bin/promtool"),
          "logrotate": ("logrotate", "usr/sbin/logrotate"),
          # The schema of compose files, which is no program.
          "compose_spec.json": ("docker-compose", "usr/lib/python3/dist-packages/compose/config/compose_spec.json")}


@functools.cache
def program(name):
    """The path, or None if it is unavailable; the test then reports that it was skipped."""
    done = subprocess.run([os.path.join(ROOT, "scripts", "debian-program"), name, *PLACES[name]],
                          stdout=subprocess.PIPE, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else None
