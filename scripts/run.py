"""The second half of `make run`, after the build: starts everything, runs the demonstration, stays up, stops everything.

Standard library only. Its files are in .dev/: the database, the shared key, the logs.
"""
import os
import signal
import subprocess
import sys
import time

import demo
import stack

DEV = os.path.join(stack.ROOT, ".dev")
LOGS = os.path.join(DEV, "logs")
KEY_FILE = os.path.join(DEV, "shared-key")
PIDS = os.path.join(DEV, "pids")
POSTGRES = [os.path.join(stack.ROOT, "scripts", "postgres")]
PORT = os.environ.get("PORT") or "5000"
IS_REAL = bool(os.environ.get("OPENAI_API_KEY"))
SIMULATED = "The descriptions are SIMULATED: OPENAI_API_KEY is not set, so `loadtest openai` answers in OpenAI's place."


class Stopped(BaseException):
    """SIGINT or SIGTERM arrived."""


def stop_on_signals(running):
    """The first signal ends the work; the second one kills processes that are still ending."""

    def first(number, frame):
        catch(lambda number, frame: running.kill())
        raise Stopped

    def catch(handler):
        # A shell that starts us in the background ignores SIGINT for us; this restores it.
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, handler)

    catch(first)


def check():
    """The checks before the build."""
    if not (PORT.isascii() and PORT.isdigit() and 0 < int(PORT) < 65536):
        sys.exit(f"PORT={PORT} is not a port: a number from 1 to 65535")
    if running_here():
        sys.exit("`make run` is already running in this clone; `make stop` ends it")
    if not stack.port_is_free(int(PORT)):
        other = int(PORT) + 50 if int(PORT) < 65000 else 5050
        sys.exit(f"Port {PORT} is taken. Use another one: make run PORT={other}")


def running_here():
    """True if the process is ours: a number may be another program's by now, so its working folder must be this clone as well."""
    try:
        with open(PIDS, encoding="ascii") as file:
            return any(os.readlink(f"/proc/{line.strip()}/cwd") == stack.ROOT for line in file)
    except OSError:
        return False


def start_database():
    done = subprocess.run([*POSTGRES, "start", os.path.join(DEV, "postgres")], stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode != 0:
        raise stack.StackError("PostgreSQL did not start")
    return done.stdout.strip()


def start(running):
    """Starts the parts that the demonstration needs."""
    key = stack.kept_secret(KEY_FILE)
    database_url = start_database()
    outside = stack.simulated_outside(running, with_openai=not IS_REAL)
    settings = {
        **outside.server, "DATABASE_URL": database_url, "SHARED_KEY": key, "LOG_FILE": os.path.join(LOGS, "generation_service.log"),
    }
    if IS_REAL:
        # The images are on this machine, where OpenAI cannot download them.
        settings["OPENAI_IMAGE_MODE"] = "inline"
    chosen = {name: value for name, value in os.environ.items()
              if name.startswith(("OPENAI_", "WORKER_", "WEBHOOK_", "RATE_LIMIT_", "LOG_LEVEL"))}
    settings = {**settings, **chosen} if IS_REAL else {**chosen, **settings}
    base_url = running.server(PORT, settings)
    with open(PIDS, "w", encoding="ascii") as file:
        file.writelines(f"{child.pid}\n" for child in running.children)
    return demo.Service(base_url, key), outside, database_url


def stay(running, base_url, outside, database_url):
    print(f"""
The service is up; Ctrl-C stops it.

  Web interface  {base_url}/   (sign in with the shared key)
  API            {base_url}/api/v1/…   (docs/generation-service-api-v2.md)
  Health         {base_url}/health
  Metrics        http://127.0.0.1:9464/metrics
  Shared key     .dev/shared-key
  Database       psql "$(scripts/postgres url .dev/postgres)"
  Logs           .dev/logs/   (generation_service.log is the service's)
  Images         {outside.images}/any-name.jpg
  Receiver       {outside.webhooks}

The list of jobs, signed by hand:

  target='/api/v1/batch-jobs?limit=3'
  curl -s "{base_url}$target" -H "X-Signature: sha256=$(printf %s "$target" |
    openssl dgst -sha256 -hmac "$(cat .dev/shared-key)" -r | cut -d' ' -f1)"

Another batch:  python3 scripts/demo.py --base-url {base_url} --images-url {outside.images} --webhook {outside.webhooks}
""" + ("" if IS_REAL else "\n" + SIMULATED + "\n"), flush=True)
    while not (ended := running.ended()):
        time.sleep(0.5)
    raise ended.fail(f"ended unexpectedly with status {ended.process.returncode}")


def main():
    os.makedirs(DEV, exist_ok=True)
    check()
    if sys.argv[1:] == ["--check"]:
        return
    running = stack.Stack(os.path.join(stack.ROOT, ".build", "release"), LOGS)
    code = 0
    try:
        stop_on_signals(running)
        print("Starting ...", flush=True)
        service, outside, database_url = start(running)
        if not IS_REAL:
            print(f"\n{SIMULATED}", flush=True)
        demo.show(service, outside.images, outside.webhooks)
        stay(running, service.base_url, outside, database_url)
    except Stopped:
        print("\nStopping ...", flush=True)
    except (stack.StackError, demo.DemoError) as error:
        print(f"\n{error}", file=sys.stderr)
        code = 1
    finally:
        running.stop()
        subprocess.run([*POSTGRES, "stop", os.path.join(DEV, "postgres")], check=False)
        if os.path.exists(PIDS):
            os.remove(PIDS)
    sys.exit(code)


if __name__ == "__main__":
    main()
