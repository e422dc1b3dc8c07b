"""Several programs at once, in this environment. Tells what each has told.

Arguments: how many times as fast as real time the emulator's clock is to run, and JSON of the commands by name.
"""

import json
import os
import sys
from subprocess import PIPE, Popen
from urllib.request import Request, urlopen

speed, commands = sys.argv[1:]
body = json.dumps({"speed": float(speed)}).encode()
urlopen(Request(f"{os.environ['EMULATOR_URL']}/_emulator/clock", body, {"Content-Type": "application/json"})).close()

begun = {name: Popen(command, stdout=PIPE, text=True) for name, command in json.loads(commands).items()}
said = {name: process.communicate()[0] for name, process in begun.items()}
failed = [name for name, process in begun.items() if process.returncode]
if failed:
    sys.exit(f"failed: {', '.join(failed)}")
print(json.dumps({name: json.loads(output.splitlines()[-1]) for name, output in said.items()}))
