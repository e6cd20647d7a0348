"""One tree of errors; every message in Chinese and English.

Each error says what happened, why it stops us, and what to do next. ``code`` is public API:
it never changes meaning. Only ``cli`` maps the families to exit codes, only ``server`` to HTTP.

::

    SanxianError
    ├── UsageError                      a call that cannot be understood          exit 2
    ├── InputError                      what the user handed in                   exit 10
    │   ├── footprint files and places  FOOTPRINT_*, CRS_*, PLACE_*
    │   ├── projects and facts          PROJECT_*, FACT_*
    │   ├── access lists as files       LIST_*
    │   ├── sources, profiles, export   INGEST_*, EXPORT_*
    │   ├── records of screenings       RECORD_*
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


class FootprintNotFound(InputError):
    code = "FOOTPRINT_NOT_FOUND"
    zh = "找不到 {source}，没有可读取的用地范围。请检查路径和读取权限。"
    en = "{source} cannot be found or opened, so there is no footprint to read. Check the path and its permissions."


class FootprintFormat(InputError):
    code = "FOOTPRINT_FORMAT"
    zh = "无法识别 {source} 的格式（{reason}），因此不能读取。支持：{formats}。"
    en = "The format of {source} is not supported ({reason}), so it cannot be read. Supported: {formats}."


class FootprintBroken(InputError):
    code = "FOOTPRINT_BROKEN"
    zh = "{source} 已损坏或不完整（{reason}），读出的范围不可信，已停止。请重新导出或重新传送该文件。"
    en = "{source} is damaged or incomplete ({reason}); what it says of the place cannot be trusted. Export or send it again."


class FootprintEmpty(InputError):
    code = "FOOTPRINT_EMPTY"
    zh = "{source} 的{where}没有图形，无法判定位置。请补上图形，或删去空要素后重新导出。"
    en = "{source}: {where} holds no geometry, so there is no place to judge. Add it, or delete the empty feature and export again."


class FootprintTooLarge(InputError):
    code = "FOOTPRINT_TOO_LARGE"
    zh = "{source} 过大：{reason}，为保护本机已停止读取。请只保留项目范围后重新导出。"
    en = "{source} is too large: {reason}. Reading stopped to protect this machine. Export the project's own footprint only."


class FootprintUnsafe(InputError):
    code = "FOOTPRINT_UNSAFE"
    zh = (
        "{source} 含有不安全内容（{reason}），已拒绝，未读取其中任何内容。请用 GIS 软件重新导出普通数据文件。"
    )
    en = "{source} has unsafe content ({reason}); it was refused and nothing in it was read. Export a plain data file from a GIS."


class FootprintIncomplete(InputError):
    code = "FOOTPRINT_INCOMPLETE"
    zh = "{source} 缺少 {missing}，Shapefile 不完整，无法读取。请把同名的 .shp、.shx、.dbf、.prj 一起打包。"
    en = "{source} lacks {missing}; the shapefile is not complete and cannot be read. Pack .shp, .shx, .dbf and .prj together."


class FootprintCoordinate(InputError):
    code = "FOOTPRINT_COORDINATE"
    zh = "{source} 的{where}坐标有误：{reason}。缺了这个点就不是原来的范围，已停止。请改正后重新提交。"
    en = "{source}: bad coordinate in {where}: {reason}. Without it the place would be another one. Correct it and try again."


class FootprintDegenerate(InputError):
    code = "FOOTPRINT_DEGENERATE"
    zh = "{source} 的{where}是{what}，不能代表占地或线路。请检查是否多点重合或共线，改正后重新提交。"
    en = "{source}: {where} is {what}, which is no site or route. Check for coincident or collinear vertices and correct it."


class FootprintLayer(InputError):
    code = "FOOTPRINT_LAYER"
    zh = "{source} 中没有图层“{layer}”，不知道读取哪一层。可选图层：{layers}。"
    en = "{source} has no layer “{layer}”, so it is unclear what to read. Its layers: {layers}."


class FootprintEncoding(InputError):
    code = "FOOTPRINT_ENCODING"
    zh = "{source} 的文字编码无法按 {tried} 解读，内容不可信。请用 --encoding 指定，或另存为 UTF-8。"
    en = "The text of {source} does not decode as {tried}, so it cannot be trusted. Pass --encoding, or save it as UTF-8."


class FootprintTable(InputError):
    code = "FOOTPRINT_TABLE"
    zh = "{source} 的拐点坐标表无法读取：{reason}。表头应有“点号、X坐标、Y坐标”或“经度、纬度”，多个地块另加“圈号”。"
    en = "The corner table in {source} cannot be read: {reason}. Its header needs e.g. “point, X, Y” or “lon, lat”, plus “ring” for several plots."


class FootprintShape(InputError):
    code = "FOOTPRINT_SHAPE"
    zh = "{source} 的坐标表既可能是{options}，猜错会改变结论。请用 --shape point（点）、line（线）或 polygon（面）说明，或加一列“圈号”、让首尾点相同。"
    en = "The table in {source} could be {options}, and guessing could change the verdict. Pass --shape point, line or polygon, or add a ring column, or repeat the first point at the end."


class MissingCRS(InputError):
    code = "CRS_MISSING"
    zh = "{source} 未声明坐标系，坐标（如 {example}）无法落到地图上。{hint}"
    en = "{source} declares no CRS, so its coordinates (such as {example}) have no place on the map. {hint}"


class UnknownCRS(InputError):
    code = "CRS_UNKNOWN"
    zh = "{source} 的坐标系“{crs}”无法使用：{reason}。请用 --crs 指定，如 EPSG:4490（经纬度）或 EPSG:4522（三度带 34 带）。"
    en = "The CRS “{crs}” of {source} cannot be used: {reason}. Pass --crs, e.g. EPSG:4490 (lon/lat) or EPSG:4522 (3-degree zone 34)."


class ConflictingCRS(InputError):
    code = "CRS_CONFLICT"
    zh = "{source} 自己声明的坐标系是 {declared}，而指定的是 {given}，两者不同，不能猜哪个对。请去掉 --crs，或改正文件（如删去错误的 .prj）。"
    en = "{source} declares {declared} but {given} was given; they differ and neither can be guessed. Drop --crs, or correct the file (e.g. remove a wrong .prj)."


class DatumShiftNeeded(InputError):
    code = "CRS_DATUM"
    zh = "{source} 的坐标系 {crs} 基于 {datum}，没有可信的公开参数转到 CGCS2000，直接套用会偏移几十至上百米。请向测绘主管部门取得本地三参数或七参数，用 --datum 提供，或让测绘单位转换为 CGCS2000 后再提交。"
    en = "{source} is in {crs}, on {datum}. No trustworthy public parameters lead to CGCS2000, and using it as is would be tens to over a hundred metres off. Pass local 3- or 7-parameter values with --datum, or have it converted to CGCS2000 first."


class BadDatumShift(InputError):
    code = "CRS_DATUM_PARAMETERS"
    zh = "基准转换参数“{text}”无法使用：{reason}。格式：dx,dy,dz（米），或 dx,dy,dz,rx,ry,rz（角秒）,k（ppm）,旋转约定（coordinate_frame 即布尔沙模型，或 position_vector）。"
    en = "The datum parameters “{text}” cannot be used: {reason}. Give dx,dy,dz (m), or dx,dy,dz,rx,ry,rz (arc-seconds),k (ppm),convention (coordinate_frame or position_vector)."


class NumbersDoNotFitCRS(InputError):
    code = "CRS_NUMBERS"
    zh = "{source} 的坐标（如 {example}）不可能属于 {crs}。{hint}"
    en = "The coordinates of {source} (such as {example}) cannot be in {crs}. {hint}"


class SwappedAxes(InputError):
    code = "CRS_SWAPPED"
    zh = '{source} 的坐标（如 {example}）看起来两轴颠倒（纬度或北坐标在前），照读会落到别处，系统不替您猜。若确为颠倒，请用 --crs "{swap}"；若顺序无误，请用 --crs "{keep}"。'
    en = 'The coordinates of {source} (such as {example}) look swapped (latitude or northing first); read as they stand the place would be elsewhere. If they are, pass --crs "{swap}"; if the order is right, pass --crs "{keep}".'


# --- projects and facts (model.py, project.py) ----------------------------------------------


class UnknownFact(InputError):
    code = "FACT_UNKNOWN"
    zh = "事实项“{key}”不在词表中，无法判断其含义。{hint_zh}可用 `sanxian facts` 查看全部事实项。"
    en = "Fact “{key}” is not in the vocabulary, so its meaning is unknown. {hint_en}List them with `sanxian facts`."


class FactType(InputError):
    code = "FACT_TYPE"
    zh = "事实项“{key}”（{label}）的值 {value} 不能参与判定。应为{expected}。"
    en = "Fact “{key}”: no rule can use the value {value}. Give {expected_en}."


class FactRange(InputError):
    code = "FACT_RANGE"
    zh = "事实项“{key}”（{label}）的值 {value} 超出允许范围 {range}，可能是单位或小数点有误。请核对后重填（单位：{unit}）。"
    en = "Fact “{key}”: the value {value} is outside {range}; the unit or decimal point may be wrong. Check it (unit: {unit})."


class FactUnit(InputError):
    code = "FACT_UNIT"
    zh = "单位“{unit}”不能换算为“{wanted}”，数值无法比较。可用单位：{units}。"
    en = "Unit “{unit}” cannot be converted to “{wanted}”, so the number cannot be compared. Units that can: {units}."


class FactConflict(InputError):
    code = "FACT_CONFLICT"
    zh = "“{key}”（{label}）给了两个不同的值：{first} 与 {second}，不知道以哪个为准。请只保留一个。"
    en = "“{key}” is given twice with different values, {first} and {second}; which one holds is unknown. Keep one."


class UnknownIndustry(InputError):
    code = "PROJECT_INDUSTRY"
    zh = "行业代码“{code_given}”不在 GB/T 4754-2017 中，无法匹配条款。{hint_zh}"
    en = "Industry code “{code_given}” is not in GB/T 4754-2017, so no clause can be matched. {hint_en}"


class CoarseIndustry(InputError):
    code = "PROJECT_INDUSTRY_COARSE"
    zh = "行业代码“{code_given}”只是门类，其下各小类适用的条款不同，不能据此判定。请改为小类（4 位）：{classes}。"
    en = "Industry code “{code_given}” is only a section; clauses differ between the classes below it, so it cannot be judged. Give a 4-digit class: {classes}."


class ProjectNotFound(InputError):
    code = "PROJECT_NOT_FOUND"
    zh = "无法读取项目文件 {source}：{reason}。请检查路径和读取权限。"
    en = "Project file {source} cannot be read: {reason}. Check the path and its permissions."


class BadProject(InputError):
    code = "PROJECT_INVALID"
    zh = "项目文件 {source} 有误：{reason}。请按 docs/reference/project-format.md 修改。"
    en = "Project file {source} is not valid: {reason}. See docs/reference/project-format.md."


# --- output (cli.py, report) ----------------------------------------------------------------


class OutputFailed(InputError):
    code = "OUTPUT_FAILED"
    zh = "无法写入 {path}：{reason}。未留下不完整的文件；请检查磁盘空间和权限后重试。"
    en = "Cannot write {path}: {reason}. No partial file was left; check disk space and permissions and try again."


class NoEditionChosen(UsageError):
    code = "USAGE_EDITION"
    zh = "没有指定分区成果，无法研判；当前文件夹里可用的成果：{found}。请用 --edition 或环境变量 SANXIAN_EDITION 指定，或先运行 `sanxian demo build demo.gpkg`。"
    en = "No zoning edition was chosen, so nothing can be screened; editions in this folder: {found}. Pass --edition, set SANXIAN_EDITION, or run `sanxian demo build demo.gpkg` first."


class NotInstalled(UsageError):
    code = "USAGE_NOT_INSTALLED"
    zh = "读写 {what} 需要 {package}，本机没有安装。请运行 pip install 'sanxian[{extra}]'，或改用其他格式。"
    en = "{what} needs {package}, which is not installed. Run pip install 'sanxian[{extra}]', or use another format."


class Unforeseen(SanxianError):
    code = "BUG"
    zh = "程序内部错误（{what}），没有得出结果。请加 --debug 重新运行，把命令、输入文件和输出一起反馈给维护者。"
    en = "Internal error ({what}); there is no result. Run again with --debug and send the command, the input file and the output to the maintainers."

    @classmethod
    def of(cls, error: BaseException) -> Unforeseen:
        """Return the error that reports ``error``, which is a bug."""
        return cls(what=f"{type(error).__name__}: {' '.join(str(error).split())[:300]}")


class BadTable(InputError):
    code = "TABLE_INVALID"
    zh = "{source} 不能作为项目表读取：{reason}。请见 docs/reference/cli.md 的“批量研判”。"
    en = "{source} cannot be read as a table of projects: {reason}. See “Batch” in docs/reference/cli.md."


class BadRow(InputError):
    code = "TABLE_ROW"
    zh = "第 {row} 行不能读取：{reason}。请改正该行后重新提交，其余各行不受影响。"
    en = (
        "Row {row} cannot be read: {reason}. Correct it and submit it again; the other rows are not affected."
    )


# --- editions (edition.py) ------------------------------------------------------------------


class EditionNotFound(EditionError):
    code = "EDITION_NOT_FOUND"
    zh = "找不到或打不开成果文件 {source}（{reason}），没有可用的分区成果。请检查路径和读取权限。"
    en = "The edition file {source} cannot be found or opened ({reason}), so there is no zoning to use. Check the path and its permissions."


class EditionFormat(EditionError):
    code = "EDITION_FORMAT"
    zh = "{source} 不是 GeoPackage（{reason}），不能作为成果打开。请选择由本系统写出的 .gpkg 成果文件；其他格式请先导入。"
    en = "{source} is not a GeoPackage ({reason}), so it cannot be opened as an edition. Choose a .gpkg edition written by this system; import other formats first."


class EditionForeign(EditionError):
    code = "EDITION_FOREIGN"
    zh = "{source} 是 GeoPackage，但不是本系统的成果（{reason}），不知道各图层的含义。请先导入并发布为成果。"
    en = "{source} is a GeoPackage but not one of our editions ({reason}); the meaning of its layers is unknown. Import and publish it as an edition first."


class EditionDraft(EditionError):
    code = "EDITION_DRAFT"
    zh = "{source} 是草案，没有发布，不能据以研判。请先用 sanxian check 检查，再用 sanxian publish 发布为成果。"
    en = "{source} is a draft that nobody has published, so nothing can be judged by it. Check it with sanxian check, then publish it with sanxian publish."


class EditionNewer(EditionError):
    code = "EDITION_NEWER"
    zh = "{source} 的成果格式版本为 {found}，本程序只认识到 {known}，照旧读取可能漏掉内容。请升级本程序后再打开。"
    en = "{source} has edition format {found}; this program knows formats up to {known} and could miss content. Upgrade the program and open it again."


class EditionIncomplete(EditionError):
    code = "EDITION_INCOMPLETE"
    zh = "{source} 缺少 {missing}，成果不完整，不能据以研判。请重新取得完整的成果文件。"
    en = "{source} lacks {missing}; the edition is not complete and nothing can be judged by it. Get a complete copy."


class EditionBroken(EditionError):
    code = "EDITION_BROKEN"
    zh = "{source} 已损坏（{where}：{reason}），内容不可信，已停止。请重新取得或重新传送该成果文件。"
    en = "{source} is damaged ({where}: {reason}) and cannot be trusted. Get or send the edition file again."


class EditionAltered(EditionError):
    code = "EDITION_DIGEST"
    zh = "{source} 的内容与摘要不符，可能被改动（记录 {stored}，实算 {found}），已停止。请使用发布时的原件；确需修改的，请作为新版本重新发布。"
    en = "The content of {source} does not match its digest and may have been altered (stored {stored}, computed {found}). Use the file as published; publish intended changes as a new edition."


class IndexBroken(EditionError):
    code = "EDITION_INDEX"
    zh = "{source} 的索引不能使用（{reason}），依据它的回答不可靠，已停止。请运行 sanxian index build {source} 重建；研判时缺少或过期的索引会自动重建。"
    en = "The index of {source} cannot be used ({reason}), and answers resting on it would be unreliable. Run sanxian index build {source}; a missing or stale index is rebuilt by itself when screening."


class EditionBusy(EditionError):
    code = "EDITION_BUSY"
    zh = "{source} 旁有未合并的 {sidecar}，说明它正被其他程序（如 QGIS）编辑，或上次编辑未正常结束。请在该程序中保存并关闭后重试。"
    en = "{sidecar} beside {source} holds unmerged changes: another program (such as QGIS) is editing it, or stopped halfway. Save and close it there, then try again."


class EditionInvalid(EditionError):
    code = "EDITION_INVALID"
    zh = "成果“{edition}”有 {count} 处错误，不能存为成果：{reason}。请改正后重试；运行检查可查看全部问题。"
    en = "Edition “{edition}” has {count} error(s) and cannot be stored as an edition: {reason}. Correct them and try again; run the check to see them all."


class EditionNotInForce(EditionError):
    code = "EDITION_NOT_YET"
    zh = "成果“{edition}”自 {valid_from} 起施行，{as_of} 尚未施行，不能用于研判。请改用当时有效的成果，或核对研判日期。"
    en = "Edition “{edition}” is in force from {valid_from}; on {as_of} it is not yet. Use the edition in force on that date, or check the date."


class EditionExpired(EditionError):
    code = "EDITION_EXPIRED"
    zh = (
        "成果“{edition}”有效至 {valid_to}，{as_of} 已失效，不能用于研判。请改用接替它的成果，或核对研判日期。"
    )
    en = "Edition “{edition}” was in force until {valid_to}; on {as_of} it no longer is. Use the edition that replaced it, or check the date."


# --- publishing and the catalogue (publish/, catalog.py) -------------------------------------


class PublishBlocked(EditionError):
    code = "PUBLISH_BLOCKED"
    zh = "{draft} 有 {count} 处问题，没有发布：{reason}。请逐一改正，或补上编码接续后重新发布。"
    en = "{draft} has {count} problem(s) and was not published: {reason}. Correct each, or state the succession of the codes, and publish again."


class PublishTerms(InputError):
    code = "PUBLISH_TERMS"
    zh = "发布信息有误：{reason}，没有发布。请改正后重试。"
    en = "The terms of publication are wrong: {reason}. Nothing was published; correct them and try again."


class UnknownTrigger(InputError):
    code = "PUBLISH_TRIGGER"
    zh = "更新依据“{trigger}”不在依据表中，没有发布：法定情形之外不能调整成果。可用：{known}。"
    en = "“{trigger}” is no trigger of the table, so nothing was published: an edition is only changed in the cases the rules name. Known: {known}."


class PublishedExists(InputError):
    code = "PUBLISH_EXISTS"
    zh = "{path} 已经存在，内容不同，没有覆盖：已发布的文件不能改动。请换一个文件名，或先移走原文件。"
    en = "{path} exists with other content and was not replaced: what is published does not change. Choose another name, or move the old file away first."


class BadSuccession(InputError):
    code = "PUBLISH_SUCCESSION"
    zh = "接续表 {source} 不能读取：{reason}。没有发布；表头应为 item,successors,reason（编码、接续编码、原因），见 docs/reference/publish.md。"
    en = "The succession table {source} cannot be read: {reason}. Nothing was published; its header is item,successors,reason, see docs/reference/publish.md."


class BadSigningKey(InputError):
    code = "SIGNING_KEY"
    zh = "密钥文件 {source} 不能使用：{reason}，没有签名也没有核对。请用 `sanxian signing-key` 生成 Ed25519 密钥。"
    en = "The key file {source} cannot be used: {reason}. Nothing was signed or verified; make an Ed25519 key with `sanxian signing-key`."


class BadManifest(EditionError):
    code = "MANIFEST_INVALID"
    zh = "发布说明 {source} 不能使用：{reason}，无法核对成果。请使用与成果一同发布的原件。"
    en = "The manifest {source} cannot be used: {reason}, so the edition cannot be verified. Use the one published with it."


class SignatureWrong(EditionError):
    code = "SIGNATURE_WRONG"
    zh = "签名核对不通过：{reason}。不能确认成果由密钥持有者发布，请向发布单位重新取得成果、发布说明和签名。"
    en = "The signature does not hold: {reason}. It is not shown that the owner of the key published this edition; get edition, manifest and signature from the publisher again."


class CatalogNotFound(EditionError):
    code = "CATALOG_NOT_FOUND"
    zh = "成果目录 {path} 打不开（{reason}），没有可用的成果。请检查路径和读取权限。"
    en = "The catalogue {path} cannot be opened ({reason}), so there is no edition to use. Check the path and its permissions."


class CatalogNothing(EditionError):
    code = "CATALOG_NOTHING"
    zh = "目录 {path} 中没有 {as_of} 对“{region}”有效的成果，不能研判：过期或尚未施行的成果不作答。目录中有：{known}。请补上当时有效的成果，或核对日期和行政区。"
    en = "The catalogue {path} has no edition in force for “{region}” on {as_of}; one out of force never answers. It has: {known}. Add the edition that was in force, or check date and region."


class CatalogAmbiguous(EditionError):
    code = "CATALOG_AMBIGUOUS"
    zh = "目录 {path} 中 {as_of} 对“{region}”有效的成果不止一个（{known}），不知道以哪个为准，已停止。请用 sanxian catalog check 查明，移走多余的，或在新成果中写明取代哪一个。"
    en = "More than one edition in {path} is in force for “{region}” on {as_of} ({known}); which one holds is unknown. See sanxian catalog check; move one away, or let the newer say which it supersedes."


# --- two editions side by side (comparison/, generalise.py) ----------------------------------


class DifferenceUnfit(EditionError):
    code = "DIFFERENCE_UNFIT"
    zh = "这份差异不能用于成果“{edition}”：{reason}。没有得出新成果；请改用它的起点成果，并比较全部内容。"
    en = "The difference does not fit edition “{edition}”: {reason}. No edition was made; use the one it starts from, and compare everything."


class NoSuchLayer(UsageError):
    code = "USAGE_LAYER"
    zh = "没有图层“{layer}”，不知道比较什么。现有图层：{known}。"
    en = "There is no layer “{layer}”, so it is unclear what to look at. Layers: {known}."


# --- screening (screening.py) ---------------------------------------------------------------


class OutsideRegion(InputError):
    code = "PLACE_OUTSIDE"
    zh = "项目位于成果“{edition}”覆盖区域之外（距边界约 {distance_km} km），该成果不能判定它。请核对坐标和坐标系，或改用项目所在地的成果。"
    en = "The project lies outside the region of edition “{edition}” (about {distance_km} km from its border), which therefore cannot judge it. Check coordinates and CRS, or use the edition of the project's own region."


# --- records read back (screening/reading.py, verification/) ---------------------------------


class RecordInvalid(InputError):
    code = "RECORD_INVALID"
    zh = "{source} 不是可以使用的研判记录（{reason}），不能据以出报告或核验。请使用本系统写出的原件。"
    en = "{source} is no screening record that can be used ({reason}), so there is nothing to report or to verify. Use the file as this system wrote it."


class RecordVersion(InputError):
    code = "RECORD_VERSION"
    zh = "{source} 的记录格式为 {found}，本程序只认识 {known}，照旧读取可能误解内容。请用写出它的版本，或升级本程序。"
    en = "{source} holds a record of format {found}; this program knows {known} and could misread it. Use the version that wrote it, or upgrade this program."


class RecordAltered(InputError):
    code = "RECORD_DIGEST"
    zh = "{source} 的记录与其摘要不符，写出之后被改动过（记录 {stored}，实算 {found}），不能采信。请向出具方索取原件。"
    en = "{source} holds a record that does not match its digest: it was altered after it was written (stored {stored}, computed {found}), and nothing in it can be relied on. Ask whoever issued it for the original."


class RecordMissing(InputError):
    code = "RECORD_MISSING"
    zh = "{source} 中没有研判记录（{reason}），无从核验，也不能据以出报告。请使用本系统写出的报告原件，或 JSON 记录。"
    en = "{source} carries no screening record ({reason}), so there is nothing to verify or report. Use a report as this system wrote it, or the JSON record."


# --- answer set (answers.py) ----------------------------------------------------------------


class BadAnswers(InputError):
    code = "ANSWERS_INVALID"
    zh = "答案集 {source} 有误：{reason}，因此没有运行。请按 docs/reference/answers.md 修改。"
    en = "Answer set {source} is not valid: {reason}, so nothing was run. See docs/reference/answers.md."


# --- clauses and rules (rules.py) -----------------------------------------------------------


class BadRule(ClauseError):
    code = "CLAUSE_RULE"
    zh = "规则在 {where} 处有误：{reason}。该条款转人工研判，其余条款照常判定。"
    en = "The rule is broken at {where}: {reason}. The clause goes to a person; the others are judged as usual."


class BadSentence(ClauseError):
    code = "CLAUSE_SENTENCE"
    zh = "规则语句在第 {at} 个字“{found}”处读不懂：{reason}。语句未被采用，请改正后重读。"
    en = "The rule sentence is not understood at character {at}, “{found}”: {reason}. It was not taken over; correct it and read it again."


# --- taking in and giving out data (ingest) --------------------------------------------------


class ProfileNotFound(InputError):
    code = "INGEST_PROFILE_NOT_FOUND"
    zh = "找不到导入配置“{profile}”，不知道各图层的含义，没有导入。内置配置：{known}；或给出配置文件的路径，或用 --propose 生成一份。"
    en = "The profile “{profile}” cannot be found, so the meaning of the layers is unknown and nothing was read. Built in: {known}; else give the path of a profile, or make one with --propose."


class BadProfile(InputError):
    code = "INGEST_PROFILE"
    zh = "导入配置 {source} 有误：{reason}。没有导入；请按 docs/reference/ingest.md 修改。"
    en = "Profile {source} is not valid: {reason}. Nothing was read; see docs/reference/ingest.md."


class SourceRefused(InputError):
    code = "INGEST_SOURCE"
    zh = "数据 {source} 不能读取：{reason}。请核对文件后重试，或从数据清单中去掉它。"
    en = "Source {source} cannot be read: {reason}. Check the file and try again, or leave it out."


class NothingToIngest(InputError):
    code = "INGEST_NOTHING"
    zh = "没有读到任何可用的数据，因此没有写出草案：{reason}。请核对数据和导入配置（可用 --propose 生成一份）。"
    en = "Nothing that could be used was read, so no draft was written: {reason}. Check the data and the profile (--propose makes one)."


class ExportRefused(InputError):
    code = "EXPORT_REFUSED"
    zh = "不能导出到 {folder}：{reason}。没有写出任何文件。"
    en = "Cannot export to {folder}: {reason}. No file was written."


# --- access lists as files (clauses/tables.py, clauses/lists.py) ----------------------------


class ListNotFound(InputError):
    code = "LIST_NOT_FOUND"
    zh = "找不到或打不开清单文件 {source}，没有可读取的条款。请检查路径和读取权限。"
    en = "The list {source} cannot be found or opened, so there are no clauses to read. Check the path and its permissions."


class ListFormat(InputError):
    code = "LIST_FORMAT"
    zh = "{source} 不是能读取的清单文件（{reason}）。请另存为 .xlsx、.docx 或 .csv 后重试。"
    en = (
        "{source} is no list file that can be read ({reason}). Save it as .xlsx, .docx or .csv and try again."
    )


class ListProtected(InputError):
    code = "LIST_PROTECTED"
    zh = "{source} 有打开密码，读不到内容。请用原软件取消密码后另存一份再读取。"
    en = "{source} needs a password to open, so nothing can be read. Remove the password in its own program and save a copy."


class ListBroken(InputError):
    code = "LIST_BROKEN"
    zh = "{source} 已损坏或不完整（{reason}），读出的条款可能缺漏，已停止。请重新导出或重新传送该文件。"
    en = "{source} is damaged or incomplete ({reason}); clauses could be missing, so reading stopped. Export or send the file again."


class ListUnsafe(InputError):
    code = "LIST_UNSAFE"
    zh = "{source} 含有不安全内容（{reason}），已拒绝，未读取其中任何条款。请用办公软件打开核对后另存一份。"
    en = "{source} has unsafe content ({reason}); it was refused and no clause was read. Check it in an office program and save a copy."


class ListTooLarge(InputError):
    code = "LIST_TOO_LARGE"
    zh = "{source} 过大：{reason}，为保护本机已停止读取。请按市州或单元拆成几个文件。"
    en = "{source} is too large: {reason}. Reading stopped to protect this machine. Split it by prefecture or by unit."


class ListEmpty(InputError):
    code = "LIST_EMPTY"
    zh = "{source} 中没有任何文字，没有可读取的条款。请核对是否选错了文件，或文字只在图片里。"
    en = "{source} holds no text at all, so there are no clauses to read. Check that it is the right file and that its text is not a picture."


class ListLayout(InputError):
    code = "LIST_LAYOUT"
    zh = "{source} 中找不到准入清单（看到的是：{seen}），不知道哪些文字是管控要求。表头应有“管控要求”或四个维度的名称，见 docs/how-to/clause-lists.md。"
    en = "No access list was found in {source} (it begins: {seen}), so it is unclear which text is a requirement. A header should name the requirements or the four dimensions; see docs/how-to/clause-lists.md."


# --- clause files, review workbooks, exchange (clauses/files.py, workbook.py, exchange.py) ---


class ClauseFile(ClauseError):
    code = "CLAUSE_FILE"
    zh = "条款文件 {source}{where}：{reason}。请改正后重试；写法见 docs/reference/clause-format.md。"
    en = "Clause file {source}{where}: {reason}. Correct it and try again; docs/reference/clause-format.md says how clauses are written."


class ReviewWorkbook(ClauseError):
    code = "CLAUSE_WORKBOOK"
    zh = (
        "审核工作簿 {source} 不能使用：{reason}。条款没有改动；请用 `sanxian clauses review` 重新导出后填写。"
    )
    en = "The review workbook {source} cannot be used: {reason}. No clause was changed; write it again with `sanxian clauses review` and fill that in."


class ClauseExchange(ClauseError):
    code = "CLAUSE_EXCHANGE"
    zh = "{source} 中{where}不能读作条款：{reason}。没有导入任何条款；请改正后重试。"
    en = "{source}, {where}, cannot be read as clauses: {reason}. Nothing was imported; correct it and try again."
