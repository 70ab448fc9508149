#!/bin/sh
# Makes sure that .venv holds a working Python 3.11, 3.12 or 3.13, and (re)builds it where it does not:
# it is missing, its Python was upgraded or removed, or PYTHON asks for another version.
# The stamp is touched only when .venv is new, so that nothing is installed twice.
set -eu
venv=.venv
stamp=$venv/.stamps/python
supported='import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))'
version='import sys; print("%d.%d" % sys.version_info[:2])'

if [ -n "${PYTHON:-}" ]; then
    if ! "$PYTHON" -c "$supported" 2>/dev/null; then
        found=$("$PYTHON" --version 2>&1 || true)
        echo "PYTHON=$PYTHON is '$found', but the course needs Python 3.11, 3.12 or 3.13: name one of these." >&2
        exit 1
    fi
    wanted=$("$PYTHON" -c "$version")
fi

if "$venv/bin/python" -c "$supported" 2>/dev/null && "$venv/bin/python" -c "import pip" 2>/dev/null; then
    if [ -z "${wanted:-}" ] || [ "$("$venv/bin/python" -c "$version")" = "$wanted" ]; then
        [ -e "$stamp" ] || { mkdir -p "$venv/.stamps" && touch "$stamp"; }
        exit 0
    fi
fi

chosen=
for candidate in "${PYTHON:-python3}" python3.13 python3.12 python3.11 python; do
    if "$candidate" -c "$supported" 2>/dev/null; then
        chosen=$candidate
        break
    fi
done
if [ -z "$chosen" ]; then
    echo "The course needs Python 3.11, 3.12 or 3.13, and none was found: install one, or name it with PYTHON=/path/to/python." >&2
    exit 1
fi

echo "Setting up $venv with $("$chosen" --version)"
if ! "$chosen" -m venv --clear "$venv"; then
    rm -rf "$venv"
    echo "$chosen cannot make a virtual environment: install its venv module (on Debian: apt-get install python3-venv)." >&2
    exit 1
fi
mkdir -p "$venv/.stamps"
touch "$stamp"
