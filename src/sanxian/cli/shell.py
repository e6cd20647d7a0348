"""What stands around every command: language, streams, errors and exit status.

This is the only place that reads the environment, and the one table from errors to exit status.
"""

from __future__ import annotations

import io
import os
import re
import sys
import traceback
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from inspect import Parameter, signature
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

import typer

from sanxian import output
from sanxian.errors import (
    ClauseError,
    EditionError,
    InputError,
    RegistryError,
    SanxianError,
    Unforeseen,
    UsageError,
)
from sanxian.i18n import language, t

if TYPE_CHECKING:
    from rich.console import Console

    from sanxian.model import Notice

DONE: Final = 0
NOT_COMPLIANT: Final = 1
DIFFERS: Final = 1  # a case of an answer set
USAGE: Final = 2
BUG: Final = 70
INTERRUPTED: Final = 130
PIPE_CLOSED: Final = 141
EXIT_STATUS: Final[tuple[tuple[type[SanxianError], int], ...]] = (
    (UsageError, USAGE),
    (InputError, 10),
    (EditionError, 20),
    (ClauseError, 30),
    (RegistryError, 40),
)
PIPED_WIDTH: Final = 120  # columns of a table that is not shown on a terminal

Language = Literal["zh-CN", "zh", "en"]


@dataclass
class Session:
    """One run of the command line: the language and the two streams."""

    lang: str = "zh-CN"
    debug: bool = False
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)

    @cached_property
    def out(self) -> Console:
        """Results."""
        return _console(sys.stdout, self.environ)

    @cached_property
    def err(self) -> Console:
        """Progress, notices and errors."""
        return _console(sys.stderr, self.environ)

    def t(self, key: str, /, **fields: object) -> str:
        """Return a text of the command line in the session's language."""
        return t(f"cli.{key}", self.lang, **fields)

    def pick(self, zh: str, en: str) -> str:
        """Return the text in the session's language."""
        return en if self.lang == "en" else zh

    def say(self, text: str, style: str = "dim") -> None:
        """Write one line to stderr."""
        self.err.print(text, style=style, soft_wrap=True)

    def notices(self, notices: Iterable[Notice]) -> None:
        """Write what a reader must know to stderr."""
        for notice in notices:
            self.say(self.t("notice", text=self.pick(notice.zh, notice.en)), style="yellow")

    def print(self, text: str) -> None:
        """Write a line of the result to stdout as it is: no wrapping, no markup."""
        sys.stdout.write(harmless(text) + "\n")

    def emit(self, content: bytes, out: Path | None) -> None:
        """Write a finished result to ``out``, or to stdout when there is none."""
        if out is None:
            sys.stdout.flush()
            stream = getattr(sys.stdout, "buffer", None)
            if stream is None:
                sys.stdout.write(content.decode("utf-8"))
            else:
                stream.write(content)
                stream.flush()
        else:
            output.write(out, content)
            self.say(self.t("written", path=os.fspath(out)))


def _console(stream: Any, environ: Mapping[str, str]) -> Console:
    from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
    from rich.segment import Segment

    class Harmless:
        """What is shown, without control characters: data must not steer the terminal."""

        def __init__(self, shown: RenderableType) -> None:
            self.shown = shown

        def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
            for segment in console.render(self.shown, options):
                yield segment if segment.control else Segment(harmless(segment.text), segment.style)

    class Terminal(Console):
        def on_broken_pipe(self) -> None:
            raise BrokenPipeError

        def process_renderables(self, renderables: list[Any]) -> list[Any]:
            return [Harmless(shown) for shown in renderables]

    terminal = stream.isatty()
    width = None if terminal or "COLUMNS" in environ else PIPED_WIDTH
    made = Terminal(
        file=stream,
        force_terminal=terminal,
        color_system="auto" if terminal else None,
        width=width,
        highlight=False,
        markup=False,
        emoji=False,
        legacy_windows=False,
    )
    made.push_render_hook(made)  # type: ignore[arg-type]  # a hook is whatever has process_renderables
    return made


def harmless(text: str) -> str:
    r"""Return a text without control characters but line ends; narrow spaces become plain ones.

    Examples
    --------
    >>> harmless("a\x1b[2Jb")
    'a�[2Jb'
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c == "\n" else " " if c.isspace() else "�" for c in text)


# --- options every command takes -------------------------------------------------------------

_LANG = Annotated[
    Language | None,
    typer.Option(
        "--lang",
        envvar="SANXIAN_LANG",
        help="界面语言（默认 zh-CN）/ Language (default zh-CN)",
        rich_help_panel="通用 / General",
    ),
]
_DEBUG = Annotated[
    bool,
    typer.Option(
        "--debug",
        help="程序出错时显示调用栈 / Show the traceback of an internal error",
        rich_help_panel="通用 / General",
    ),
]


def command(
    app: typer.Typer, name: str, **settings: Any
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Register a command whose function takes the :class:`Session` first.

    Every command also takes ``--lang`` and ``--debug``. Both are read before the command line is parsed,
    so that a mistyped option is already answered in the right language.
    """

    def register(function: Callable[..., None]) -> Callable[..., None]:
        own = list(signature(function, eval_str=True).parameters.values())[1:]

        def run(context: typer.Context, **given: Any) -> None:
            function(context.obj, **{p.name: given[p.name] for p in own})

        keyword = Parameter.KEYWORD_ONLY
        parameters = [
            Parameter("context", keyword, annotation=typer.Context),
            *(p.replace(kind=keyword) for p in own),
            Parameter("lang", keyword, default=None, annotation=_LANG),
            Parameter("debug", keyword, default=False, annotation=_DEBUG),
        ]
        run.__signature__ = signature(run).replace(parameters=parameters)  # type: ignore[attr-defined]
        run.__annotations__ = {p.name: p.annotation for p in parameters}
        run.__doc__ = function.__doc__
        app.command(name, **settings)(run)
        return function

    return register


# --- running ---------------------------------------------------------------------------------


def run(app: typer.Typer, args: Sequence[str], environ: Mapping[str, str]) -> int:
    """Run ``app`` on ``args``; return the exit status. Nothing escapes but the exit of the interpreter."""
    _always_utf8()
    current = Session(lang=_asked_language(args, environ), debug="--debug" in args, environ=environ)
    try:
        try:
            root = typer.main.get_command(app)
            with root.make_context("sanxian", list(args), obj=current) as context:
                root.invoke(context)
        finally:
            sys.stdout.flush()
    except typer.Exit as exit_:
        return exit_.exit_code
    except SanxianError as error:
        return _refuse(current, error)
    except (KeyboardInterrupt, typer.Abort):
        current.say(current.t("interrupted"))
        return INTERRUPTED
    except BrokenPipeError:
        _close_pipe()
        return PIPE_CLOSED
    except typer.TyperException as error:
        return _wrong_usage(current, error)
    except OSError as error:
        if error.errno is not None and error.filename is None:  # the result could not be written to stdout
            _close_pipe()
            return _refuse(current, output.failed("stdout", error))
        return _refuse(current, Unforeseen.of(error), error)
    except Exception as error:  # noqa: BLE001, the last line of defence: a bug is reported, not spilled
        return _refuse(current, Unforeseen.of(error), error)
    return DONE


def _asked_language(args: Sequence[str], environ: Mapping[str, str]) -> str:
    asked = environ.get("SANXIAN_LANG", "")
    for here, after in pairwise([*args, ""]):
        if here == "--lang":
            asked = after
        elif here.startswith("--lang="):
            asked = here.removeprefix("--lang=")
    return language(asked)


def _always_utf8() -> None:
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")


def _close_pipe() -> None:
    """Let the interpreter flush a dead stdout into nothing at exit."""
    with Path(os.devnull).open("wb") as nowhere:
        try:
            os.dup2(nowhere.fileno(), sys.stdout.fileno())
        except (OSError, ValueError):
            return  # stdout is not a file (a test): nothing will be flushed


def usage_error(key: str, /, **fields: object) -> UsageError:
    """Return the error for a command line that cannot be understood, in both languages; ``key`` of a text."""
    zh, en = (t(key, lang, **fields) for lang in ("zh-CN", "en"))
    return UsageError(reason={"zh": zh, "en": en})


def day_of(option: str, given: str) -> date:
    """Return the day an option names."""
    try:
        return date.fromisoformat(given)
    except ValueError:
        raise usage_error("cli.usage.date", option=option, given=given) from None


def as_of_day(session: Session, given: str | None, stated: date | None = None) -> date:
    """Return the as-of date: given, else stated by the project file, else today. The answer depends on it, so it is said."""
    if given is not None:
        return day_of("--as-of", given)
    if stated is not None:
        session.say(session.t("stated", as_of=stated.isoformat()))
        return stated
    today = date.today()  # noqa: DTZ011, a calendar day where the user is
    session.say(session.t("today", as_of=today.isoformat()))
    return today


def exit_status(error: SanxianError) -> int:
    """Return the exit status of an error, by its family."""
    return next((status for family, status in EXIT_STATUS if isinstance(error, family)), BUG)


def _refuse(current: Session, error: SanxianError, cause: Exception | None = None) -> int:
    """Report an error in both languages, the chosen one first; return its exit status."""
    from rich.text import Text

    if current.debug:
        current.say("".join(traceback.format_exception(cause or error)))
    langs = ("en", "zh-CN") if current.lang == "en" else ("zh-CN", "en")
    chosen, other = map(error.text, langs)
    current.err.print(Text.assemble((f"[{error.code}] ", "bold red"), chosen), soft_wrap=True)
    current.err.print(Text(other, style="dim"), soft_wrap=True)
    return exit_status(error)


_USAGE: Final = (
    # what the option parser says, and the name of our text for it
    (r"No such option: (?P<name>\S+)(?: \(Possible options: (?P<near>.*)\))?", "no_such_option"),
    (r"No such command '(?P<name>.*?)'\.?(?: Did you mean (?P<near>.*)\?)?", "no_such_command"),
    (r"Missing (?:argument|option|parameter) '(?P<name>.*?)'", "missing"),
    (
        r"Invalid value for '(?P<name>.*?)'(?: \(env var: .*?\))?:.*?'(?P<given>.*)' is not one of (?P<near>.*)\.",
        "not_one_of",
    ),
    (r"Invalid value for '(?P<name>.*?)'(?: \(env var: .*?\))?: (?P<near>.*)", "invalid"),
    (r"Option '?(?P<name>\S+?)'? requires", "no_value"),
    (r"Got unexpected extra argument\S* \((?P<name>.*)\)", "extra"),
    (r"Missing command", "no_command"),
)


def _wrong_usage(current: Session, error: typer.TyperException) -> int:
    """Answer a command line that the option parser refused."""
    if type(error).__name__ == "NoArgsIsHelpError":
        return USAGE  # the help has been shown
    en = str(getattr(error, "format_message", error.__str__)())
    zh = en
    for pattern, name in _USAGE:
        if (found := re.match(pattern, en, re.DOTALL)) is not None:
            fields = {
                k: (v or "").replace("' / '", "、").replace("'", "") for k, v in found.groupdict().items()
            }
            zh = t(f"cli.usage.{name}", "zh-CN", **fields)
            if name.startswith("no_such") and fields["near"]:
                zh += t("cli.usage.near", "zh-CN", **fields)
            break
    context = getattr(error, "ctx", None)
    path = "sanxian" if context is None else context.command_path
    raised = UsageError(
        reason={
            "zh": f"{zh}{t('cli.usage.help', 'zh-CN', path=path)}",
            "en": f"{en if en.endswith('?') else en.rstrip('.') + '.'} {t('cli.usage.help', 'en', path=path)}",
        }
    )
    return _refuse(current, raised)
