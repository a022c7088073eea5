"""``python -m idlib``, see `idlib.tools.cli`."""

import sys

# jsonschema, below nbformat, would build the grammar of web addresses with it, for over a second
sys.modules.setdefault("rfc3987_syntax", None)

from .tools.cli import main  # noqa: E402

if __name__ == "__main__":
    main()
