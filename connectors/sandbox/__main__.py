"""`python -m connectors.sandbox`: run the imitated source systems until Ctrl-C or SIGTERM."""

from __future__ import annotations

import argparse
import signal
import sys
from datetime import datetime

from connectors.sandbox.complaints import LOCAL
from connectors.sandbox.sandbox import Options, WrongData
from connectors.sandbox.server import start

STOPS = {signal.SIGINT, signal.SIGTERM}


def main() -> int:
    """Exit code 0 after a clean stop, 1 when the sandbox cannot start, 2 for wrong usage."""
    arguments = _parser().parse_args()
    options = Options(
        seed=arguments.seed,
        count=arguments.count,
        rate=arguments.rate,
        state=arguments.state,
        data=tuple(arguments.data),
        at=arguments.now,
    )
    # Blocked before any thread begins, so that the signal cannot end up in a thread that serves, where nobody hears it.
    signal.pthread_sigmask(signal.SIG_BLOCK, STOPS)
    try:
        running = start(options, host=arguments.host, port=arguments.port)
    except (WrongData, OSError) as error:
        print(f"sandbox: {error}", file=sys.stderr)
        return 1
    print(f"Sandbox: {running.url}/", flush=True)
    signal.sigwait(STOPS)
    running.stop()
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m connectors.sandbox", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8800, help="0 takes a free port and prints it")
    parser.add_argument("--seed", default="1", help="the same seed and --now give the same complaints")
    parser.add_argument("--now", type=_instant, metavar="ISO", help="instant the seeded complaints lead up to")
    parser.add_argument("--count", type=int, default=40, metavar="N", help="seeded complaints per system")
    parser.add_argument(
        "--rate", type=float, default=2.0, metavar="PER_MINUTE", help="new complaints and edits; 0 = none"
    )
    parser.add_argument("--data", nargs="+", default=[], metavar="FILE", help="JSON lists of Open311 requests to serve")
    parser.add_argument("--state", default="", metavar="FILE", help="SQLite file to go on from after a restart")
    return parser


def _instant(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    return at if at.tzinfo else at.replace(tzinfo=LOCAL)


if __name__ == "__main__":
    sys.exit(main())
