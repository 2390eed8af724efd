"""`python -m tests.kernels`: the engine's tests with other kernels, other rounding, other seeds and two threads.

A test that hangs on how one CPU adds up fails in one of these. Not every CPU obeys every setting (MKL's are for
Intel's): a digest of a few results says which of them compute with other kernels than usual, and tests are not run
again with the same ones.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import time

SETTINGS = (
    "",
    "MKL_ENABLE_INSTRUCTIONS=SSE4_2",
    "MKL_ENABLE_INSTRUCTIONS=AVX2",
    "MKL_ENABLE_INSTRUCTIONS=AVX512",
    "MKL_CBWR=COMPATIBLE",
    "ATEN_CPU_CAPABILITY=default",
    "ONEDNN_MAX_CPU_ISA=SSE41",
    "OMP_NUM_THREADS=2",
    "TEST_ROUNDING=1",  # products and softmaxes in another order, see `tests/engine/rounding.py`
    "TEST_ROUNDING=2",
    "TEST_SEED=1",  # added to every seed a test gives torch
    "TEST_SEED=1 TEST_ROUNDING=3 OMP_NUM_THREADS=2",
)
KERNELS = ("MKL", "ATEN", "ONEDNN")  # settings that do nothing but choose kernels
_DIGEST = """
import hashlib, torch
torch.manual_seed(0)
a, b = torch.rand(64, 256), torch.rand(300, 256)
with torch.no_grad():
    found = [a @ b.T, a.double() @ b.double().T, torch.softmax(a, 1), torch.nn.LSTM(256, 32)(a)[0]]
print(" ".join(hashlib.sha256(t.numpy().tobytes()).hexdigest()[:4] for t in found))
"""


def main() -> int:
    """How many of the settings had failing tests, at most 1."""
    parser = argparse.ArgumentParser(prog="python -m tests.kernels")
    parser.add_argument("tests", nargs="*", default=["tests/engine"])
    parser.add_argument("--only", default="", help="settings that hold this text")
    args = parser.parse_args()
    red, usual = 0, ""
    print(f"{'setting':46}  {'products, float64, shares, LSTM':31}  {'result':27}  seconds", flush=True)
    for setting in (s for s in SETTINGS if args.only in s):
        environment = os.environ | {"OMP_NUM_THREADS": "1"} | dict(pair.split("=") for pair in setting.split())
        digest = subprocess.run([sys.executable, "-c", _DIGEST], env=environment, capture_output=True, text=True)
        usual = usual or digest.stdout
        same = "as usual" if digest.stdout == usual else digest.stdout.strip()
        if same == "as usual" and setting.startswith(KERNELS):
            print(f"{setting:46}  {same:31}  not run again", flush=True)
            continue
        began = time.monotonic()
        command = [sys.executable, "-m", "pytest", "-q", "--tb=line", *args.tests]
        done = subprocess.run(command, env=environment, capture_output=True, text=True)
        lines = done.stdout.strip().splitlines()
        result = re.sub(r" in .*", "", lines[-1].strip("= ")) if lines else "nothing was run"
        seconds = time.monotonic() - began
        print(f"{setting or 'as usual':46}  {same:31}  {result:27}  {seconds:7.0f}", flush=True)
        if done.returncode:
            red = 1
            print("\n".join(f"    {line}" for line in lines if line.startswith(("FAILED", "ERROR"))), flush=True)
    return red


if __name__ == "__main__":
    sys.exit(main())
