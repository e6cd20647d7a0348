"""One tree of errors; every message in Chinese and English.

Each error says what happened, why it stops us, and what to do next. ``code`` is public API:
it never changes meaning. Only ``cli`` maps the families to exit codes, only ``server`` to HTTP.

::

    SanxianError
    ├── UsageError                      a call that cannot be understood          exit 2
    ├── InputError                      what the user handed in                   exit 10
    │   ├── footprint files and places  FOOTPRINT_*, CRS_*, PLACE_*
    │   ├── projects and facts          PROJECT_*, FACT_*
    │   └── output                      OUTPUT_*
    ├── EditionError                    the zoning edition                        exit 20
    ├── ClauseError                     a clause or a rule                        exit 30
    └── RegistryError                   the ledger                                exit 40
"""

from __future__ import annotations

from typing import ClassVar


class SanxianError(Exception):
    """Base of every error raised on purpose."""

    code: ClassVar[str] = "SANXIAN"
    zh: ClassVar[str] = "未知错误。"
    en: ClassVar[str] = "Unknown error."

    def __init__(self, **fields: object) -> None:
        super().__init__()  # no args: instances must survive pickling to workers
        self.fields = fields

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuild, (type(self), self.fields))

    def text(self, lang: str = "zh-CN") -> str:
        """Return the message in ``lang`` (``zh-CN`` or ``en``), fields filled in."""
        template = self.en if lang.startswith("en") else self.zh
        fields = {
            k: v.get("en" if lang.startswith("en") else "zh", "") if isinstance(v, dict) else v
            for k, v in self.fields.items()
        }
        return template.format(**fields)

    def __str__(self) -> str:
        return f"[{self.code}] {self.text()}"


def _rebuild(cls: type[SanxianError], fields: dict[str, object]) -> SanxianError:
    return cls(**fields)


class UsageError(SanxianError):
    """The command or call itself cannot be understood."""

    code = "USAGE"
    zh = "用法有误：{reason}"
    en = "Wrong usage: {reason}"


class InputError(SanxianError):
    """Something the user handed in."""

    code = "INPUT"
    zh = "输入有误：{reason}"
    en = "Bad input: {reason}"


class EditionError(SanxianError):
    """The zoning edition cannot be used."""

    code = "EDITION"
    zh = "成果有误：{reason}"
    en = "Bad edition: {reason}"


class ClauseError(SanxianError):
    """A clause or its rule is broken."""

    code = "CLAUSE"
    zh = "条款有误：{reason}"
    en = "Bad clause: {reason}"


class RegistryError(SanxianError):
    """The ledger cannot do what was asked."""

    code = "REGISTRY"
    zh = "台账有误：{reason}"
    en = "Registry error: {reason}"


# --- footprints: files, CRS, places (geometry.py) -------------------------------------------


# --- projects and facts (model.py, project.py) ----------------------------------------------


class UnknownFact(InputError):
    code = "FACT_UNKNOWN"
    zh = "事实项“{key}”不在词表中，无法判断其含义。{hint_zh}可用 `sanxian facts` 查看全部事实项。"
    en = "Fact “{key}” is not in the vocabulary, so its meaning is unknown. {hint_en}List them with `sanxian facts`."


class FactType(InputError):
    code = "FACT_TYPE"
    zh = "事实项“{key}”（{label}）的值 {value} 不是{expected}，不能参与判定。请改为{expected}。"
    en = "Fact “{key}”: the value {value} is not {expected_en}, so no rule can use it. Give {expected_en}."


class FactRange(InputError):
    code = "FACT_RANGE"
    zh = "事实项“{key}”（{label}）的值 {value} 超出允许范围 {range}，可能是单位或小数点有误。请核对后重填（单位：{unit}）。"
    en = "Fact “{key}”: the value {value} is outside {range}; the unit or decimal point may be wrong. Check it (unit: {unit})."


class UnknownIndustry(InputError):
    code = "PROJECT_INDUSTRY"
    zh = "行业代码“{code_given}”不在 GB/T 4754-2017 中，无法匹配条款。{hint_zh}"
    en = "Industry code “{code_given}” is not in GB/T 4754-2017, so no clause can be matched. {hint_en}"


class BadProject(InputError):
    code = "PROJECT_INVALID"
    zh = "项目文件 {source} 有误：{reason}。请按 docs/reference/project-format.md 修改。"
    en = "Project file {source} is not valid: {reason}. See docs/reference/project-format.md."


# --- output (cli.py, report) ----------------------------------------------------------------


class OutputFailed(InputError):
    code = "OUTPUT_FAILED"
    zh = "无法写入 {path}：{reason}。未留下不完整的文件；请检查磁盘空间和权限后重试。"
    en = "Cannot write {path}: {reason}. No partial file was left; check disk space and permissions and try again."


# --- editions (edition.py) ------------------------------------------------------------------


# --- screening (screening.py) ---------------------------------------------------------------


class OutsideRegion(InputError):
    code = "PLACE_OUTSIDE"
    zh = "项目位于成果“{edition}”覆盖区域之外（距边界约 {distance_km} km），该成果不能判定它。请核对坐标和坐标系，或改用项目所在地的成果。"
    en = "The project lies outside the region of edition “{edition}” (about {distance_km} km from its border), which therefore cannot judge it. Check coordinates and CRS, or use the edition of the project's own region."


# --- clauses and rules (rules.py) -----------------------------------------------------------


class BadRule(ClauseError):
    code = "CLAUSE_RULE"
    zh = "规则在 {where} 处有误：{reason}。该条款转人工研判，其余条款照常判定。"
    en = "The rule is broken at {where}: {reason}. The clause goes to a person; the others are judged as usual."
