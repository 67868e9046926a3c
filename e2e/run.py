#!/usr/bin/env python3
"""Installs the official clients at their pinned versions and runs every test that drives the server with them.

Needs python3 and node, and COFFER_BINARY for the server; Go, a JDK and Maven are installed where they are missing. Ends with
`N passed, N failed, N skipped` over all of them; the exit code is 0 only when tests ran in each and none failed.
"""

import hashlib
import os
import pathlib
import re
import shutil
import subprocess
import sys
import venv

HERE = pathlib.Path(__file__).resolve().parent
PLACE = HERE.parent / ".e2e"
PLUGIN = HERE.parent / "clients" / "python"
HELPER = HERE.parent / "clients" / "go" / "coffertest"
PYTHON = PLACE / "venv" / "bin" / "python"
MAVEN = ["mvn", "--batch-mode", "--no-transfer-progress"]
INSTALL_TRIES = 3


def main():
    binary = os.environ.get("COFFER_BINARY")
    if not binary or not os.access(binary, os.X_OK):
        sys.exit("COFFER_BINARY must name the server's executable")
    environment = os.environ | {"COFFER_BINARY": str(pathlib.Path(binary).resolve()), "PYTHONDONTWRITEBYTECODE": "1"}
    install_python()
    install_plugin()
    install_node()
    install_go()
    install_java()
    counts = [run(environment) for run in (run_python, run_plugin, run_node, run_go, run_helper, run_java)]
    passed, failed, skipped = (sum(numbers) for numbers in zip(*counts))
    print(f"{passed} passed, {failed} failed, {skipped} skipped", flush=True)
    sys.exit(1 if failed else 0)


def install_python():
    requirements = HERE / "python" / "requirements.txt"

    def install():
        if PYTHON.exists():
            shutil.rmtree(PLACE / "venv")
        venv.create(PLACE / "venv", with_pip=True)
        quietly = ["--quiet", "--disable-pip-version-check", "--no-input"]
        step([PYTHON, "-m", "pip", "install", *quietly, "-r", requirements])

    once("python", requirements.read_bytes() + sys.version.encode(), PYTHON, install)


def install_plugin():
    """Installs the plugin for pytest as its users do, but apart: the clients' own tests run without it."""
    sources = sorted(path for path in PLUGIN.rglob("*") if path.suffix in (".py", ".toml") and "tests" not in path.parts)
    place = PLACE / "plugin"

    def install():
        if place.exists():
            shutil.rmtree(place)
        quietly = ["--quiet", "--disable-pip-version-check", "--no-input", "--no-deps"]
        step([PYTHON, "-m", "pip", "install", *quietly, "--target", place, PLUGIN])

    once("plugin", b"".join(path.read_bytes() for path in sources), place, install)


def install_node():
    node = HERE / "node"
    # No lock file: it would record where packages were downloaded from. None of the packages needs its install script.
    command = ["npm", "install", "--no-package-lock", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    install = lambda: step(command, cwd=node)
    once("node", (node / "package.json").read_bytes(), node / "node_modules", install)


def install_go():
    need("go", "golang-go")
    for module in (HERE / "go", HELPER):
        step(["go", "mod", "download"], cwd=module)


def install_java():
    need("javac", "default-jdk-headless")
    need("mvn", "maven")
    # Compiles as well, so that the tests themselves can run without a registry.
    step([*MAVEN, "--quiet", "test", "-DskipTests"], cwd=HERE / "java")


def need(program, package):
    """Installs a Debian package where its program is missing."""
    if shutil.which(program):
        return
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        sys.exit(f"{program} is needed, and only root can install it, on Debian: install {package}")
    step(["apt-get", "update", "-qq"])
    step(["apt-get", "install", "-y", "-qq", "--no-install-recommends", package])


def once(name, inputs, product, install):
    """Installs unless `product` is there and was installed from the same inputs."""
    stamp = PLACE / f"{name}.installed"
    digest = hashlib.sha256(inputs).hexdigest()
    if product.exists() and stamp.exists() and stamp.read_text() == digest:
        return
    PLACE.mkdir(exist_ok=True)
    stamp.unlink(missing_ok=True)
    install()
    stamp.write_text(digest)


def step(command, cwd=None):
    """Runs an installation; tried again, since a registry may be slow."""
    for left in reversed(range(INSTALL_TRIES)):
        code, _ = tee(command, cwd, os.environ)
        if code == 0:
            return
        if not left:
            sys.exit(f"could not install: {' '.join(map(str, command))}")


def run_python(environment):
    return pytest(HERE / "python", environment)


def run_plugin(environment):
    return pytest(PLUGIN / "tests", environment | {"PYTHONPATH": str(PLACE / "plugin")})


def pytest(tests, environment):
    command = [PYTHON, "-m", "pytest", "-q", "-p", "no:cacheprovider", tests]
    code, output = tee(command, HERE, environment)
    # Only the closing line counts; an error at setup is a test that failed.
    closing = next((line for line in reversed(output) if re.search(r"\d+ (passed|failed|error|skipped)", line)), "")
    count = lambda words: sum(map(int, re.findall(rf"(\d+) (?:{words})\b", closing)))
    return judged(code, count("passed|xpassed"), count("failed|errors?"), count("skipped|xfailed"))


def run_node(environment):
    node = HERE / "node"
    tests = sorted(path.name for path in node.glob("*.test.js"))
    code, output = tee(["node", "--test", "--test-reporter=spec", *tests], node, environment)
    counts = dict(re.findall(r"^\S (pass|fail|cancelled|skipped|todo) (\d+)$", "\n".join(output), re.MULTILINE))
    number = lambda *words: sum(int(counts.get(word, 0)) for word in words)
    return judged(code, number("pass"), number("fail", "cancelled"), number("skipped", "todo"))


def run_go(environment):
    return go_test(HERE / "go", environment)


def run_helper(environment):
    return go_test(HELPER, environment)


def go_test(module, environment):
    # The time limit counts compiling too: the older SDK is one large module, which takes minutes the first time.
    code, output = tee(["go", "test", "-count=1", "-timeout=20m", "-v", "."], module, environment)
    found = re.findall(r"^ *--- (PASS|FAIL|SKIP): (\S+) ", "\n".join(output), re.MULTILINE)
    outcomes = {name: outcome for outcome, name in found}
    # A test that only holds other tests is none.
    single = [outcomes[name] for name in outcomes if not any(other.startswith(f"{name}/") for other in outcomes)]
    return judged(code, single.count("PASS"), single.count("FAIL"), single.count("SKIP"))


def run_java(environment):
    code, output = tee([*MAVEN, "--offline", "test"], HERE / "java", environment)
    # The last such line without a time is the sum over the classes.
    found = re.findall(r"Tests run: (\d+), Failures: (\d+), Errors: (\d+), Skipped: (\d+)$", "\n".join(output), re.MULTILINE)
    ran, failures, errors, skipped = map(int, found[-1]) if found else (0, 0, 0, 0)
    return judged(code, ran - failures - errors - skipped, failures + errors, skipped)


def judged(code, passed, failed, skipped):
    """The counts; a run that failed, or that ran nothing, without a failed test counts as one."""
    broken = code != 0 or passed + failed == 0
    return passed, max(failed, 1) if broken else failed, skipped


def tee(command, cwd, environment):
    """Runs a command and shows what it prints, less colours, with which Maven always ends; its exit code and its lines."""
    running = subprocess.Popen(
        command, cwd=cwd, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    )
    lines = []
    for line in running.stdout:
        plain = re.sub(r"\x1b\[[0-9;]*m", "", line)
        if plain:
            print(plain, end="", flush=True)
            lines.append(plain.rstrip("\n"))
    return running.wait(), lines


if __name__ == "__main__":
    main()
