"""One tree of errors; every message in Chinese and English.

Each error says what happened, why it stops us, and what to do next. ``code`` is public API:
it never changes meaning. Only ``cli`` maps the families to exit codes, only ``server`` to HTTP.

::

    SanxianError
    ├── UsageError                      a call that cannot be understood          exit 2
    │   └── requests to the server      REQUEST_*
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
        └── AccessError                 people and rights
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


# --- the registry (registry/) ----------------------------------------------------------------


class RegistryNotFound(RegistryError):
    code = "REGISTRY_NOT_FOUND"
    zh = "{where} 中没有台账，无处查询和登记。请先运行 `sanxian registry init`；台账在 PostgreSQL 中的，用 --database 指定或写入 sanxian.toml。"
    en = "There is no registry in {where}, so nothing can be looked up or kept. Run `sanxian registry init` first; one in PostgreSQL is named by --database or in sanxian.toml."


class RegistryExists(RegistryError):
    code = "REGISTRY_EXISTS"
    zh = "{where} 中已有台账，再建会冲掉原有记录，未作任何改动。请直接使用它，或换一个空的文件夹或数据库。"
    en = "There is a registry in {where} already; making another would wipe its records, so nothing was changed. Use it, or choose an empty folder or database."


class RegistryForeign(RegistryError):
    code = "REGISTRY_FOREIGN"
    zh = "{where} 是数据库，但不是本系统的台账，未作任何改动。请换一个空的数据库。"
    en = "{where} is a database but not a registry of ours; nothing was changed. Choose an empty database."


class RegistryNewer(RegistryError):
    code = "REGISTRY_NEWER"
    zh = "{where} 的台账版本为 {found}，本程序只认识到 {known}，照旧读写可能损坏它。请升级本程序后再打开。"
    en = "The registry in {where} is of version {found}; this program knows versions up to {known} and could damage it. Upgrade the program and open it again."


class RegistryOlder(RegistryError):
    code = "REGISTRY_OLDER"
    zh = "{where} 的台账版本为 {found}，本程序需要 {known}，升级前不能读写。请先用 `sanxian registry backup` 备份（原程序），再运行 `sanxian registry init --migrate`。"
    en = "The registry in {where} is of version {found} and this program needs {known}; it cannot be used before it is brought up to date. Back it up with the older program (`sanxian registry backup`), then run `sanxian registry init --migrate`."


class RegistryUnreachable(RegistryError):
    code = "REGISTRY_UNREACHABLE"
    zh = "打不开台账数据库 {where}（{reason}），没有读出或写入任何内容。请检查数据库是否在运行、地址和权限是否正确，再试一次。"
    en = "The database of the registry, {where}, cannot be reached ({reason}); nothing was read or written. Check that it runs and that address and permissions are right, then try again."


class RegistryAddress(RegistryError):
    code = "REGISTRY_ADDRESS"
    zh = "{where} 给出的数据库地址不能使用（{reason}），不知道台账在哪里。应如 postgresql://用户@主机/库名。"
    en = "The database address in {where} cannot be used ({reason}), so it is unclear where the registry is. Write it like postgresql://user@host/database."


class RegistryBusy(RegistryError):
    code = "REGISTRY_BUSY"
    zh = "台账 {where} 被另一程序占用已超过 {seconds} 秒，本次没有写入。请稍后再试；若一直如此，请检查是否有停住的程序。"
    en = "Another program has been writing to the registry {where} for more than {seconds} seconds; nothing was written this time. Try again later; if it stays so, look for a program that hangs."


class RegistryFull(RegistryError):
    code = "REGISTRY_DISK_FULL"
    zh = "台账 {where} 所在磁盘空间不足，本次改动全部没有写入，原有记录完好。请清理磁盘后重试。"
    en = "The disk of the registry {where} is full; none of this change was written and what was there is intact. Free some space and try again."


class RegistryReadOnly(RegistryError):
    code = "REGISTRY_READ_ONLY"
    zh = "台账 {where} 不可写（{reason}），没有写入任何内容。请检查文件、文件夹或数据库用户的权限。"
    en = "The registry {where} cannot be written ({reason}); nothing was written. Check the permissions of the file, the folder or the database user."


class RegistryBroken(RegistryError):
    code = "REGISTRY_BROKEN"
    zh = "台账数据库 {where} 已损坏（{reason}），内容不可信，已停止。请用 `sanxian registry restore` 从最近的备份恢复。"
    en = "The database of the registry, {where}, is damaged ({reason}) and cannot be trusted. Restore the latest backup with `sanxian registry restore`."


# --- requests to the server, and starting one (server/) ---------------------------------------


class RequestInvalid(UsageError):
    code = "REQUEST_INVALID"
    zh = "请求有误：{reason}。没有做任何事；请按接口说明（/api/v1/openapi.json）改正后重新提交。"
    en = "The request is not valid: {reason}. Nothing was done; correct it as /api/v1/openapi.json says and send it again."


class ResourceNotFound(UsageError):
    code = "REQUEST_NOT_FOUND"
    zh = "没有 {what}，或无权查看，因此没有内容可给。请核对地址和编号。"
    en = "There is no {what}, or it is not yours to see, so there is nothing to give. Check the address and the number."


class MethodNotAllowed(UsageError):
    code = "REQUEST_METHOD"
    zh = "此地址不支持 {method}，请求没有执行。可用：{allowed}。"
    en = "{method} is not possible at this address, so nothing was done. Use: {allowed}."


class RequestTooLarge(UsageError):
    code = "REQUEST_TOO_LARGE"
    zh = "请求内容超过 {limit}，为保护服务器已停止接收。请只提交项目本身的数据，或由管理员在 sanxian.toml 中调高上限。"
    en = "The request has more than {limit}; receiving stopped to protect the server. Send the project's own data only, or have the limit raised in sanxian.toml."


class RequestTimeout(UsageError):
    code = "REQUEST_TIMEOUT"
    zh = "等待请求内容超时，连接已关闭，没有做任何事。请检查网络后重新提交。"
    en = "The request did not arrive in time; the connection was closed and nothing was done. Check the network and send it again."


class MediaTypeUnsupported(UsageError):
    code = "REQUEST_MEDIA_TYPE"
    zh = "不能读取类型为“{given}”的请求内容，因此没有处理。可用类型：{known}。"
    en = "A body of type “{given}” cannot be read, so nothing was done. Use: {known}."


class PreconditionFailed(UsageError):
    code = "REQUEST_PRECONDITION"
    zh = "在您查看之后，{what}已被改动（现为 {current}），为免覆盖他人的改动没有执行。请重新读取后再改。"
    en = "{what} was changed since you read it (now {current}); nothing was done so that nobody's change is lost. Read it again first."


class PreconditionRequired(UsageError):
    code = "REQUEST_PRECONDITION_MISSING"
    zh = "修改{what}须带 If-Match（读取时给出的 ETag），否则可能覆盖他人的改动，没有执行。请先读取，再带上 ETag。"
    en = "Changing {what} needs If-Match with the ETag it was read with, or somebody's change could be lost. Read it first, then send the ETag."


class IdempotencyReused(UsageError):
    code = "REQUEST_KEY_REUSED"
    zh = "Idempotency-Key“{key}”已用于另一内容的请求，不知道要的是哪一个，没有执行。新的请求请用新的键。"
    en = "Idempotency-Key “{key}” was used for a request with other content; which one is meant is unknown and nothing was done. Use a new key."


class IdempotencyBusy(UsageError):
    code = "REQUEST_KEY_BUSY"
    zh = "带有 Idempotency-Key“{key}”的同一请求正在处理，没有再做一遍。请稍后用同一个键重试，以取得其结果。"
    en = "The same request with Idempotency-Key “{key}” is being worked on and was not done twice. Try again shortly with the same key for its result."


class ReaderStopped(InputError):
    code = "FOOTPRINT_READER"
    zh = "读取 {source} 时用尽了允许的时间（{seconds} 秒）或内存（{memory} MB），已停止，服务器未受影响。请简化图形或只保留项目范围后重新提交。"
    en = "Reading {source} used up the time ({seconds} s) or memory ({memory} MB) allowed and was stopped; the server is not affected. Simplify it or keep the project's own footprint only."


class ServerBusy(RegistryError):
    code = "SERVER_BUSY"
    zh = "服务器正忙（{reason}），此请求没有处理。请在几秒后重试。"
    en = "The server is busy ({reason}) and did not take the request. Try again in a few seconds."


class PortTaken(UsageError):
    code = "SERVE_PORT"
    zh = "不能在 {host}:{port} 上提供服务：{reason}。请用 --port 换一个端口，或先停止占用它的程序。"
    en = "Cannot serve on {host}:{port}: {reason}. Choose another with --port, or stop the program that uses it."


class AlreadyServed(RegistryError):
    code = "SERVE_TWICE"
    zh = "数据文件夹 {folder} 正由另一个服务器使用（进程 {pid}），没有启动第二个。请先停止它，或用 --data 指定别的文件夹。"
    en = "The data folder {folder} is in use by another server (process {pid}); a second one was not started. Stop it first, or choose another folder with --data."


class ServeFolder(RegistryError):
    code = "SERVE_FOLDER"
    zh = "数据文件夹 {folder} 不能使用：{reason}，服务器没有启动。请检查权限和磁盘，或用 --data 指定别的文件夹。"
    en = "The data folder {folder} cannot be used: {reason}; the server was not started. Check permissions and disk, or choose another with --data."


class ServeSettings(UsageError):
    code = "SERVE_SETTINGS"
    zh = "设置文件 {source} 有误：{reason}，服务器没有启动。请按 docs/reference/server.md 修改。"
    en = "The settings in {source} are not valid: {reason}; the server was not started. See docs/reference/server.md."


class JobFailed(RegistryError):
    code = "JOB_FAILED"
    zh = "任务没有完成：{reason}。已完成的部分保留；排除原因后请重新提交。"
    en = "The job was not finished: {reason}. What was finished is kept; submit it again once the cause is gone."


class RemoteFailed(InputError):
    code = "REMOTE_FAILED"
    zh = "服务器 {url} 没有给出可用的回答：{reason}，答案集没有核对完。请检查地址和网络。"
    en = "The server {url} gave no usable answer: {reason}; the answer set was not finished. Check the address and the network."


# --- OGC API and vector tiles (server/ogc, server/tiles) --------------------------------------------


class BadParameter(UsageError):
    code = "OGC_PARAMETER"
    zh = "参数“{parameter}”不能用：{reason}。请求没有执行，以免给出不是所问的结果。可用的参数和取值见 /ogc/api。"
    en = "Parameter “{parameter}” cannot be used: {reason}. Nothing was answered, so that no answer is given to another question. Parameters and values are listed at /ogc/api."


class NothingThere(ResourceNotFound):
    code = "OGC_NOT_FOUND"
    zh = "没有“{what}”：{reason}。可用的成果与图层见 /ogc/collections。"
    en = "There is no “{what}”: {reason}. The editions and layers offered are listed at /ogc/collections."


# --- ledgers taken into the registry ---------------------------------------------------------


class BadLedger(InputError):
    code = "LEDGER_INVALID"
    zh = "台账 {source} 无法导入：{reason}。"
    en = "The ledger {source} cannot be taken in: {reason}."


class BadLedgerMapping(InputError):
    code = "LEDGER_MAPPING"
    zh = "台账的列对应 {source} 不可用：{reason}。"
    en = "The mapping {source} of a ledger cannot be used: {reason}."


class RecheckUnknown(RegistryError):
    code = "REGISTRY_RECHECK"
    zh = "台账中没有第 {recheck} 次复核，无法查看或继续。请用 sanxian registry recheck 查看已有的复核。"
    en = "The registry has no re-check {recheck} to show or to go on with. See those there are with sanxian registry recheck."


# --- people and rights (registry/accounts, server/access) --------------------------------------


class AccessError(RegistryError):
    """Somebody may not do what they asked for."""

    code = "ACCESS"
    zh = "不能执行：{reason}"
    en = "Not possible: {reason}"


class NotLoggedIn(AccessError):
    code = "NOT_LOGGED_IN"
    zh = "此操作需要“{right}”的权限，而您没有登录，因此没有执行。请先登录，或在请求中带上令牌（Authorization: Bearer）。"
    en = "This needs the right “{right}” and you are not logged in, so nothing was done. Log in first, or send a token (Authorization: Bearer)."


class LoginRefused(AccessError):
    code = "LOGIN_REFUSED"
    zh = "名称或密码不对，或该账户不能用密码登录，没有登录。请核对后重试；忘记密码的，请管理员重置。"
    en = "Name or password is wrong, or the account has no login by password; you are not logged in. Check both and try again; an administrator can reset a forgotten password."


class TokenRefused(AccessError):
    code = "TOKEN_REFUSED"
    zh = "令牌无效、已过期或已撤销，请求没有执行。请换用有效的令牌。"
    en = "The token is unknown, expired or revoked; nothing was done. Use one that is valid."


class Forbidden(AccessError):
    code = "FORBIDDEN"
    zh = "此操作需要“{right}”的权限，您的角色或令牌没有，因此没有执行。确有需要的，请管理员调整。"
    en = "This needs the right “{right}”, which your role or token does not have, so nothing was done. Ask an administrator if you need it."


class RegionForbidden(AccessError):
    code = "FORBIDDEN_REGION"
    zh = "行政区“{region}”不在您的辖区（{own}）之内，没有执行。请核对行政区代码，或由该地或上级的人员办理。"
    en = "Region “{region}” is outside your own ({own}), so nothing was done. Check the code, or have it done by somebody of that region or above."


class SessionNeeded(AccessError):
    code = "SESSION_NEEDED"
    zh = "此操作涉及账户本身，只能由本人登录后进行，令牌不能代替，没有执行。请登录后再做。"
    en = "This concerns the account itself and can be done only by somebody logged in, not by a token; nothing was done. Log in and do it there."


class PasswordChangeNeeded(AccessError):
    code = "PASSWORD_CHANGE_NEEDED"
    zh = "您登录用的是一次性密码，改密之前不能做其他事，没有执行。请先修改密码。"
    en = "You logged in with a one-time password; nothing else can be done before it is changed. Change your password first."


class CsrfRefused(AccessError):
    code = "CSRF_REFUSED"
    zh = "无法确认该请求出自本系统的页面（{reason}），为防他站冒用您的登录，没有执行。请刷新页面后重试；程序请改用令牌。"
    en = "It cannot be told that the request came from our own pages ({reason}); nothing was done, so that no other site can use your login. Reload the page and try again; programs use a token."


class TooManyRequests(AccessError):
    code = "TOO_MANY_REQUESTS"
    zh = "{what}过于频繁，为防猜测密码和占用资源暂停受理，没有执行。请在 {retry_after_s} 秒后再试。"
    en = "Too many {what}; to stop guessing and overload this was not done. Try again in {retry_after_s} seconds."


class PersonNotFound(AccessError):
    code = "PERSON_NOT_FOUND"
    zh = "没有人员“{who}”，或不在您的辖区之内，没有执行。请核对名称或编号。"
    en = "There is no person “{who}”, or not in your region, so nothing was done. Check the name or the number."


class PersonExists(AccessError):
    code = "PERSON_EXISTS"
    zh = "已有名为“{name}”的人员，名称用于登录，不能重复，没有添加。请换一个名称。"
    en = "There is a person named “{name}” already; names are typed at login and must differ, so nobody was added. Choose another."


class PeopleExist(AccessError):
    code = "PERSON_NOT_FIRST"
    zh = "台账中已有人员，不再自动设立首个管理员，未作改动。请由现有管理员添加，或在本机运行 `sanxian registry person add`。"
    en = "The registry has people already, so no first administrator was made. Have an administrator add them, or run `sanxian registry person add` on the machine."


class PersonChanged(AccessError):
    code = "PERSON_CHANGED"
    zh = "人员“{name}”在您查看之后已被他人修改（现为第 {version} 版），为免覆盖没有保存。请重新读取后再改。"
    en = "Person “{name}” was changed since you looked (now version {version}); nothing was saved so that nobody's change is lost. Read it again first."


class LastAdministrator(AccessError):
    code = "PERSON_LAST_ADMINISTRATOR"
    zh = "“{name}”是最后一名管理全部行政区的系统管理员，停用或改任后再无人能管理，没有执行。请先另设一名。"
    en = "“{name}” is the last active administrator of every region; without them nobody could administer, so nothing was done. Appoint another first."


class PersonInvalid(InputError):
    code = "PERSON_INVALID"
    zh = "人员的{field}“{given}”不能使用：{reason}，没有保存。请改正后重试。"
    en = "The {field} “{given}” of a person cannot be used: {reason}; nothing was saved. Correct it and try again."


class PasswordWeak(InputError):
    code = "PASSWORD_WEAK"
    zh = "新密码不能使用：{reason}，密码没有改变。请另选一个至少 {length} 个字符、不易猜到的密码。"
    en = "The new password cannot be used: {reason}; the password was not changed. Choose another of at least {length} characters that is hard to guess."


class PasswordWrong(InputError):
    code = "PASSWORD_WRONG"
    zh = "现有密码不对，密码没有改变。请重新输入现有密码。"
    en = "The present password is wrong; the password was not changed. Type the present password again."


class NoPassword(AccessError):
    code = "PASSWORD_NONE"
    zh = "“{name}”没有本地密码（统一身份认证或只用令牌），没有密码可改。请在身份认证平台修改，或由管理员设置一次性密码。"
    en = "“{name}” has no password here (single sign-on, or tokens only), so there is none to change. Change it at the identity provider, or have an administrator set a one-time password."


class TokenNotFound(AccessError):
    code = "TOKEN_NOT_FOUND"
    zh = "没有编号为 {token} 的有效令牌，没有执行。请先列出令牌，核对编号。"
    en = "There is no valid token with number {token}, so nothing was done. List the tokens and check the number."


class TokenInvalid(InputError):
    code = "TOKEN_INVALID"
    zh = "不能发放这样的令牌：{reason}，没有发放。请改正后重试。"
    en = "Such a token cannot be issued: {reason}; none was issued. Correct it and try again."


class SessionNotFound(AccessError):
    code = "SESSION_NOT_FOUND"
    zh = "您没有编号为 {session} 的登录，没有执行。请先列出登录，核对编号。"
    en = "You have no session {session}, so nothing was done. List your sessions and check the number."


class OidcSettingsInvalid(UsageError):
    code = "OIDC_SETTINGS"
    zh = "统一身份认证（OIDC）的设置有误：{reason}，因此不能启用。请按 docs/how-to/accounts.md 修改 sanxian.toml。"
    en = "The settings of single sign-on (OIDC) are not valid: {reason}; it cannot be used. Correct sanxian.toml as docs/how-to/accounts.md says."


class OidcOff(AccessError):
    code = "OIDC_OFF"
    zh = "本系统没有启用统一身份认证（OIDC），不能这样登录。请用本地账户登录，或由管理员按 docs/how-to/accounts.md 启用。"
    en = "Single sign-on (OIDC) is not set up here, so you cannot log in with it. Use a local account, or have it set up as docs/how-to/accounts.md says."


class OidcUnreachable(AccessError):
    code = "OIDC_UNREACHABLE"
    zh = "连不上统一身份认证平台，或它的回答不能用（{reason}），没有登录。请稍后重试；仍不行时请管理员检查。"
    en = "The identity provider cannot be reached or its answer cannot be used ({reason}); you are not logged in. Try again later, or have an administrator look into it."


class OidcRefused(AccessError):
    code = "OIDC_REFUSED"
    zh = "统一身份认证没有通过（{reason}），没有登录。请从登录页重新开始；仍不行时请管理员查看日志。"
    en = "Single sign-on did not succeed ({reason}); you are not logged in. Begin again at the login page, or have an administrator look at the log."


class OidcNoRole(AccessError):
    code = "OIDC_NO_ROLE"
    zh = "身份已确认，但没有可用的角色或行政区（{reason}），不知道您可以做什么，没有登录。请管理员在身份认证平台或 sanxian.toml 中设置。"
    en = "You are known, but no role or region follows from it ({reason}), so what you may do is unknown and you are not logged in. Have it set at the identity provider or in sanxian.toml."


class ProjectUnknown(RegistryError):
    code = "REGISTRY_PROJECT"
    zh = "台账中没有编号为 {project} 的项目（或该版本），也可能不在您的管辖范围内。请核对编号，或用 `sanxian registry list` 查找。"
    en = "The registry has no project (or version) {project}, or none within your scope. Check the number, or look for it with `sanxian registry list`."


class RegistryConflict(RegistryError):
    code = "REGISTRY_CONFLICT"
    zh = "{what} 已被他人改动（您看到的是第 {given} 次修订，现为第 {found} 次），照写会覆盖对方的改动，未作任何改动。请重新读取后再改。"
    en = "Somebody else changed {what} since you read it (revision {given}, now {found}); writing would undo that, so nothing was changed. Read it again and repeat the change."


class BadRegistration(InputError):
    code = "REGISTRATION_INVALID"
    zh = "登记信息有误：{reason}。没有登记；请改正后重新提交。"
    en = "The registration data are not valid: {reason}. Nothing was entered; correct them and submit again."


class ScreeningUnknown(RegistryError):
    code = "REGISTRY_SCREENING"
    zh = "台账中没有编号为 {screening} 的研判记录，也可能不在您的管辖范围内。请核对编号，或用 `sanxian registry show` 查看项目的研判。"
    en = "The registry has no screening {screening}, or none within your scope. Check the number, or see the screenings of a project with `sanxian registry show`."


class RecordUnavailable(RegistryError):
    code = "REGISTRY_RECORD"
    zh = "第 {screening} 号研判没有可给出的记录：{reason}。请放入当时的成果文件，或重新研判。"
    en = "There is no record of screening {screening} to give: {reason}. Bring back the edition of the day, or screen again."


class RecordDiffers(RegistryError):
    code = "REGISTRY_RECORD_DIFFERS"
    zh = "第 {screening} 号研判的记录与当时留存的校验值不符（当时 {stored}，现为 {found}），不能作为当时的结论，已停止。请用当时的程序版本重做，或从备份恢复。"
    en = "The record of screening {screening} does not have the digest kept at the time ({stored}, now {found}), so it is not the answer of that day. Make it again with the program of the time, or restore a backup."


class DecisionUnknown(RegistryError):
    code = "REGISTRY_DECISION"
    zh = "台账中没有编号为 {decision} 的有效人工认定，也可能已被撤回，或不在您的管辖范围内。请核对编号。"
    en = "The registry has no standing decision {decision}: there is none, it was withdrawn, or it is not within your scope. Check the number."


class BadDecision(InputError):
    code = "DECISION_INVALID"
    zh = "人工认定没有登记：{reason}。请改正后重新提交。"
    en = "The decision was not entered: {reason}. Correct it and submit again."


class AttachmentRefused(InputError):
    code = "ATTACHMENT_REFUSED"
    zh = "附件 {name} 没有保存：{reason}。请改正后重新上传。"
    en = "The attachment {name} was not kept: {reason}. Correct it and upload it again."


class AttachmentBroken(RegistryError):
    code = "REGISTRY_ATTACHMENT"
    zh = "附件 {name} 不可用：{reason}，内容不可信，未给出。请从备份恢复附件文件夹。"
    en = "The attachment {name} cannot be given: {reason}, so its content cannot be trusted. Restore the folder of attachments from a backup."


class BackupRefused(RegistryError):
    code = "REGISTRY_BACKUP"
    zh = "无法备份或恢复 {where}：{reason}。原有内容没有改动。"
    en = "{where} cannot be backed up or restored: {reason}. What was there is unchanged."


class CoverageDiffers(RegistryError):
    code = "REGISTRY_COVERAGE"
    zh = "逐个项目数得的符合性分析率是 {rows}，台账的计数是 {counts}，两者不一致，没有导出。请运行 sanxian registry verify。"
    en = "Counted project by project the rate is {rows}, the counts of the registry say {counts}; they disagree, so nothing was exported. Run sanxian registry verify."
