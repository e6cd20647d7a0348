"""One statement (between full stops and semicolons): segments read in order, each by the first reading that fits.

A segment without a verb of effect is the topic of those behind it. Exceptions bind to the rule in front of
them, or to the one that follows when they stand in front. What a statement leaves unsaid, its place or its
subject, it takes from the rule before it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import Final, NamedTuple

from sanxian.clauses import exceptions
from sanxian.clauses.conditions import read
from sanxian.clauses.drafts import Draft, Work
from sanxian.clauses.effects import MODAL, WEAK, Stated, effects, informs, main_effect, refers
from sanxian.clauses.exceptions import Case
from sanxian.clauses.measures import LENGTHS, measured
from sanxian.clauses.requirements import facts, requirement
from sanxian.clauses.said import Found, Said, Span, around

MARK: Final = re.compile(
    r"\s*(?:\((?:\d+(?:[.\-]\d+)*|[一二三四五六七八九十]+|[a-z])\)|[①-⑳]|\d+(?:-\d+)+[.、]?|\d+(?:\.\d+)*[.、)](?!\d)"
    r"|\d+\.\d+(?=[^\d.%万亿千倍]{2})(?![公千米吨倍毫]) ?|[一二三四五六七八九十]+[、.]|[一二三四五]是"
    r"|第[一二三四五六七八九十]+[,、]|[一二三四五六七八九十]+要(?=[^求]))+[:,、.]?"
)
_CLASS: Final = re.compile("(?P<what>禁止|限制|淘汰|鼓励|允许)(?:类|准入类|目录|事项|性)?(?:项目)?")
_CLASSES: Final = {"禁止": "FORBID", "限制": "RESTRICT", "淘汰": "EXIT", "鼓励": "ENCOURAGE", "允许": "ALLOW"}
_NAMES_A_PLACE: Final = re.compile("(?:区|带|内|外|段|域|岸|县|市|的|项目|企业|业)$")
_REST: Final = re.compile("其余|其他|此外|其它|以外的?(?:一律|均)")
_INTERIM: Final = re.compile(
    "在此之前|此前|在此期间|过渡期|[^,;。]{0,8}(?:期间|之前|以前|前)[^,;。]{0,2}?(?=不得|禁止|严禁)"
)
_OF_SOME: Final = re.compile("的(?:企业|单位|项目|设施|区域|地区)?可")
_LIST_JOINT: Final = re.compile("以及|或者|[、和及与或]")
_CONTINUES: Final = re.compile("以及|及|和|或者|或|与")
_APART: Final = re.compile("距|间距|间隔|离")
_BOUND: Final = re.compile("(?:但|且|并|同时)")
_SANCTION: Final = re.compile("逾期|拒不|仍不|到期未|限期未|逾期未|情节严重|未按期|整改不到位")
_CONDUCT: Final = re.compile(
    "(?:再)?(?:直排|直接排|擅自|随意|偷排|外排|混入|混排|稀释|超标|渗漏|遗撒|改变|挪作|转作|闲置|停运|违规|违法|非法|倾倒|焚烧|超许可|超载|扰动|破坏|虚假|弄虚|无组织)"
)
_CONDITION: Final = re.compile(
    "(?:前提是|前提为|条件是|前提条件是|但须|但应|且须|但需|但必须|但不得|并须|并应|且应|且不得)"
)
_DEFINES: Final = re.compile(
    "是指|系指|所称|(?:划?分为|归为)[^,;。]{1,40}(?:类|级|区|种)|由[^,;。]{2,40}组成|执行范围|适用范围|见附[件表图录]"
    "|约束对象|以[^,;。]{2,34}为准|不涉及[^,;。]{0,30}(?:红线|保护区)"
)
_ENDS: Final = re.compile(r"[();。\n]")
_JOINTS: Final = re.compile("[(),:]")
_SPATIAL: Final = ("in", "crosses", "distance", "not", "state", "any")


class Item(NamedTuple):
    """One statement of a text."""

    start: int
    end: int
    follows: bool  # hangs on the statement before (；)


class Statement:
    """The reading of one statement; ``read`` adds its rules to the work and returns the lead-in it leaves open."""

    def __init__(self, work: Work, item: Item, carried: Sequence[Span]) -> None:
        self._work, self._lexed, self._text = work, work.lexed, work.lexed.text
        self._item = item
        self._carried = carried  # the lead-in of a list this statement may be an item of
        self._before = work.drafts[-1] if work.drafts and item.follows else None
        self._mine: list[Draft] = []
        self._topic: list[Span] = []  # segments without an effect, not yet used
        self._ahead: list[Case] = []  # exceptions named in front of the next rule
        self._always: list[Case] = []  # what binds every rule of the statement
        self._lacking: list[Found] = []  # 未经批准: the paper whose lack a ban is about
        self._needed: Span | None = None  # 确需…的
        self._lead: list[Span] = []
        self._later: list[Span] = []  # members of the list an effect acts on, behind the first

    def read(self) -> Sequence[Span]:
        """Read the statement."""
        masked = self._exceptions_in_front()
        self._work.used += masked
        if self._defines():
            return ()
        segments = [s for whole in _segments(self._text, *self._item[:2]) for s in _without(whole, masked)]
        for number, segment in enumerate(segments):
            self._segment(self._unmarked(segment), last=number + 1 == len(segments))
        self._close()
        self._work.drafts += self._mine
        return self._lead

    # --- what stands around the segments ---

    def _exceptions_in_front(self) -> list[Span]:
        """Take out exceptions that stand before or inside what they bind; return where they stood."""
        begin, end = self._item[:2]
        text, lexed, masked = self._text, self._lexed, []
        words = text[begin:end]
        if not any(sign in words for sign in ("除", "外", "关", "不相", "未")):
            return []
        for found in exceptions.IN_FRONT.finditer(text, begin, end):
            if not text.startswith("(", found.start() - 1) and not exceptions.ADDS.match(found["what"]):
                self._ahead += exceptions.cases(lexed, *found.span("what"))
                masked.append(found.span())
        for found in exceptions.BRACKETED.finditer(text, begin, end):
            self._ahead += exceptions.cases(
                lexed, *found.span("what" if found["what"] is not None else "front")
            )
            masked.append(found.span())
        for found in exceptions.UNRELATED.finditer(text, begin, end):
            self._always.append([Found({"matter": f"与{found['what']}有关"}, found.span())])
            masked.append(found.span())
        for found in exceptions.UNAPPROVED.finditer(text, begin, end):
            issuer = {"issuer": found["who"]} if len(found["who"]) >= 3 else {}
            paper = {"document": f"{found['what']}文件", **issuer}
            self._lacking.append(Found({"not": paper}, found.span()))  # what is banned is doing it without
            masked.append(found.span())
        for start, stop in exceptions.beyond(lexed, begin, end):
            self._ahead += exceptions.cases(lexed, start, stop - len("以外的"))
            masked.append((start, stop))
        return sorted(masked)

    def _defines(self) -> bool:
        """Whether the statement only says what something is; then it is a notice."""
        begin, end = self._item[:2]
        defined = _DEFINES.search(self._text, begin, end)
        if defined is None or any(
            s.effect in ("FORBID", "EXIT") for s in effects(self._lexed, defined.end(), end)
        ):
            return False
        notice = self._notice()
        self._work.drafts += [notice] if notice else []
        return notice is not None

    def _unmarked(self, segment: Span) -> Span:
        """Return a segment behind a colon without the number of its item."""
        start, stop = segment
        mark = (
            MARK.match(self._text, start, stop) if self._text.startswith(":", start - 1) and start else None
        )
        return (mark.end() if mark else start, stop)

    def _close(self) -> None:
        """Give what is left over its place."""
        target = self._target
        if self._needed is not None and target is not None:
            target.unless += exceptions.cases(self._lexed, *self._needed)
        if not self._mine and self._carried:
            self._hang()
        elif self._topic and self._mine and self._lead:
            self._list()
        elif self._topic and self._mine and _CONTINUES.match(self._words(self._topic[0])):
            self._go_on(self._topic)  # …，以及 B: the list of what is acted on goes on behind a comma
        elif self._topic and self._mine and self._mine[-1].effect == "REQUIRE":
            for span in self._topic:
                more = [
                    f for f in requirement(self._lexed, *span)[0] if not f.atom.keys() & {"duty", "document"}
                ]
                if more and span[0] > self._mine[-1].at[0]:
                    self._mine[-1].require += more
                    self._mine[-1].spans.append(span)
        if not self._mine and (notice := self._notice()) is not None:
            self._mine = [notice]
        for draft in self._mine:
            draft.unless += [] if draft.unless else self._ahead

    # --- segments ---

    @property
    def _target(self) -> Draft | None:
        """Return the rule an exception speaks to."""
        return self._mine[-1] if self._mine else self._before

    def _segment(self, segment: Span, *, last: bool) -> None:
        readings: tuple[Callable[[Span], bool], ...] = (
            self._no_exception_there,
            self._exception,
            self._freed,
            self._otherwise,
            self._only,
            lambda span: self._need(span, last=last),
            self._price,
        )
        if any(reading(segment) for reading in readings):
            return
        self._effect(segment, last=last)

    def _words(self, segment: Span) -> str:
        return self._text[slice(*segment)]

    def _except(self, target: Draft, cases: Sequence[Case], segment: Span) -> None:
        """Add cases to the rules that were made of the same words as ``target``."""
        for draft in [d for d in self._mine if d.at == target.at] or [target]:
            draft.unless += cases
            draft.spans.append(segment)
        self._work.used.append(segment)

    def _no_exception_there(self, segment: Span) -> bool:
        """Read 但核心保护区内一律不得例外: where no exception holds."""
        place = self._words(segment).find("不得例外")
        if place < 0:
            return False
        if self._target is not None:
            self._target.never += read(self._lexed, segment[0], segment[0] + place).atoms
            self._target.spans.append(segment)
        return True

    def _exception(self, segment: Span) -> bool:
        """Read …除外."""
        words, target = self._words(segment), self._target
        if "除外" not in words and "例外" not in words:
            return False
        found = exceptions.BEHIND.match(self._text, *segment)
        if found is None or (target is None and not self._topic):
            return False
        begin = segment[0]
        if self._topic and (
            target is None or self._words(self._topic[-1]).startswith(("但", "对", "国家", "因"))
        ):
            begin = self._topic[-1][0]  # …的项目，经批准的除外
        cases = exceptions.cases(self._lexed, begin, found.end("what"))
        self._work.used.append(segment)
        if target is None:
            self._ahead += cases
        else:
            self._except(target, cases, segment)
        self._topic = []
        return True

    def _freed(self, segment: Span) -> bool:
        """Read …不受此限, …不在此列, …可不编制."""
        found, target = exceptions.FREED.search(self._words(segment)), self._target
        if found is None or target is None:
            return False
        begin = self._topic[-1][0] if found.start() < 2 and self._topic else segment[0]
        self._except(target, exceptions.cases(self._lexed, begin, segment[0] + found.start()), segment)
        self._topic = []
        return True

    def _otherwise(self, segment: Span) -> bool:
        """Read …另有规定的，从其规定."""
        words, target = self._words(segment), self._target
        if target is None:
            return False
        if (found := exceptions.OTHERWISE.match(words)) is not None:
            at = (segment[0], segment[0] + found.end())
            target.unless.append([Found({"matter": found[0].strip("但, ")}, at)])
            target.spans.append(segment)
            return True
        if words.startswith("从其规定"):
            if self._topic:
                target.unless += exceptions.cases(self._lexed, *self._topic.pop())
            self._work.used.append(segment)
            return True
        return False

    def _only(self, segment: Span) -> bool:
        """Read …，仅允许 A behind a ban."""
        found, target = exceptions.ONLY.search(self._words(segment)), self._target
        if found is None or target is None or target.effect not in ("FORBID", "RESTRICT"):
            return False
        cases = exceptions.cases(self._lexed, segment[0] + found.end(), segment[1])
        target.unless += cases
        if cases:
            target.spans.append(segment)
        return bool(cases)

    def _need(self, segment: Span, *, last: bool) -> bool:
        """Read 确需…的: an exception whose price the next segment names."""
        target = self._target
        if target is None or self._needed is not None or not exceptions.NEEDED.search(self._words(segment)):
            return False
        stated = main_effect(self._lexed, *segment)
        if stated is not None and stated.effect not in ("REQUIRE", "ALLOW"):
            return False
        if last:
            target.unless += exceptions.cases(self._lexed, *segment)
            target.spans.append(segment)
        else:
            self._needed = segment
        return True

    def _price(self, segment: Span) -> bool:
        """Read what is asked for in return: …，须经批准."""
        target = self._target
        if self._needed is None or target is None:
            return False
        asked, used = requirement(self._lexed, *segment)
        target.unless += [[*case, *asked] for case in exceptions.cases(self._lexed, *self._needed)]
        target.spans += [self._needed, segment]
        self._work.used += used
        self._needed = None
        return True

    # --- effects ---

    def _effect(self, segment: Span, *, last: bool) -> None:
        words = self._words(segment)
        behind_colon = self._text.startswith(":", segment[1])
        stated = self._stated(segment, last=last)
        if behind_colon and (named := _CLASS.fullmatch(words)) is not None:
            stated = Stated(_CLASSES[named["what"]], "strict", segment)  # 限制类：…
        guarded = self._mine[-1] if self._mine else self._work.drafts[-1] if self._work.drafts else None
        if stated is not None and (
            self._permission(segment, stated, guarded) or self._condition(segment, stated)
        ):
            return
        stated = self._weighed(segment, stated)
        if stated is None:
            if behind_colon and len(words) < 9 and _NAMES_A_PLACE.search(words) is None:
                self._work.used.append(segment)  # a heading: 准入门槛：
            else:
                self._topic.append(segment)
            return
        draft = self._draft(stated, segment)
        draft.unless += [*self._ahead, *self._always]
        if draft.effect in ("FORBID", "RESTRICT"):
            draft.topic.atoms += self._lacking
        if (
            draft.effect == "FORBID"
            and guarded is not None
            and guarded.effect == "ALLOW"
            and _REST.search(words)
        ):
            # 只准 A，其余一律禁止: A is the exception
            (self._mine or self._work.drafts).pop()
            draft.unless += exceptions.cases(self._lexed, guarded.at[1], guarded.spans[-1][1])
            draft.spans += guarded.spans
        draft.heads = stated.at == segment
        self._mine.append(draft)
        self._go_on(self._later)
        self._later = []
        if behind_colon:
            self._lead = [segment]
        if stated.effect in ("FORBID", "RESTRICT", "EXIT"):
            self._ahead = []

    def _stated(self, segment: Span, *, last: bool) -> Stated | None:
        """Return the effect of a segment as it governs there."""
        words = self._words(segment)
        stated = main_effect(self._lexed, *segment)
        if stated is not None and words.endswith("的") and not last:
            stated = None  # 三十日内清除的，…: a condition, whatever verbs it holds
        if stated is None:
            if not exceptions.BEHIND.match(self._text, *segment):
                for ratio in self._lexed.ratios:
                    if segment[0] <= ratio.start and ratio.end <= segment[1]:
                        return Stated("REQUIRE", "strict", (ratio.start, ratio.start + 1))
                for number in self._lexed.quantities:
                    kept = (
                        number.tests[0][0] in (">", ">=")
                        and number.unit in LENGTHS
                        and not words.endswith("的")
                    )
                    if (
                        segment[0] <= number.start
                        and number.end <= segment[1]
                        and kept
                        and _APART.search(words)
                    ):
                        return Stated("REQUIRE", "strict", (number.start, number.start + 1))
            return None
        target = self._target
        if (
            stated.effect in ("EXIT", "FORBID")
            and _SANCTION.match(words)
            and target is not None
            and target.effect == "REQUIRE"
        ):
            self._work.used.append(segment)  # 逾期责令停用: what follows a breach, not what is asked
            return None
        unsaid = self._text[slice(*stated.at)].startswith(("不", "也不", "严禁", "均不"))
        if (
            stated.effect == "FORBID"
            and unsaid
            and _CONDUCT.match(self._text, stated.at[1])
            and self._demands()
        ):
            return Stated(
                "REQUIRE", "strict", (segment[0], segment[0] + 1)
            )  # 不得直排: how to run it, no ban of it
        standing = target is not None and target.effect in ("EXIT", "ALLOW", "REQUIRE")
        if stated.effect == "FORBID" and standing and unsaid and _INTERIM.match(words):
            # a duty until the day comes, no ban of what stands
            return Stated("REQUIRE", "strict", (segment[0], segment[0] + 1))
        return stated

    def _demands(self) -> bool:
        """Whether the statement says elsewhere what its subject must do."""
        start, end = self._item[:2]
        if self._target is not None and self._target.effect == "REQUIRE":
            return True
        return any(
            s.effect == "REQUIRE" and self._text[slice(*s.at)] in MODAL
            for s in effects(self._lexed, start, end)
        )

    def _weighed(self, segment: Span, stated: Stated | None) -> Stated | None:
        """Return the effect unless it turns out to be part of a list or a mere reference."""
        if stated is None or stated.effect != "REQUIRE":
            return stated
        if (
            self._lead
            and self._mine
            and self._mine[-1].effect != "REQUIRE"
            and stated.at[1] - stated.at[0] == 1
        ):
            return None  # a number of the list the lead-in opens
        weak = self._text[slice(*stated.at)] in WEAK
        return None if weak and refers(self._words(segment)) else stated

    def _permission(self, segment: Span, stated: Stated, guarded: Draft | None) -> bool:
        """Read a permission behind a ban: a case carved out of it."""
        if stated.effect != "ALLOW" or guarded is None:
            return False
        words = self._words(segment)
        apart = (
            bool(self._topic and self._words(self._topic[-1]).endswith("的"))
            or _OF_SOME.search(words) is not None
            or "的准" in words
        )
        if guarded.effect not in ("FORBID", "RESTRICT") and not (
            guarded.effect in ("REQUIRE", "EXIT") and apart
        ):
            return False
        reach = [*self._topic, segment]
        guarded.unless.append(exceptions.permitted(self._lexed, reach))
        guarded.spans += reach
        self._topic = []
        return True

    def _condition(self, segment: Span, stated: Stated) -> bool:
        """Read what a permission is bound to: 允许…，前提是…."""
        opening = _CONDITION.match(self._words(segment))
        bound = stated.effect == "REQUIRE" or opening or _BOUND.match(self._words(segment))
        if not self._mine or self._mine[-1].effect != "ALLOW" or not bound:
            return False
        asked, used = requirement(self._lexed, segment[0] + (opening.end() if opening else 0), segment[1])
        self._mine[-1].what.atoms += [
            Found({"matter": f.atom["duty"]}, f.at) if "duty" in f.atom else f for f in asked
        ]
        self._mine[-1].spans.append(segment)
        self._work.used += used
        return True

    # --- drafts ---

    def _draft(self, stated: Stated, segment: Span) -> Draft:
        topic = Said()
        for span in self._topic:
            topic.add(read(self._lexed, *span))
        demand = stated.effect == "REQUIRE"
        draft = self._demand(stated, segment, topic) if demand else self._act(stated, segment, topic)
        self._work.used += [stated.at, *topic.used, *draft.what.used]
        self._inherit(draft)
        if draft.effect == "EXIT":
            for start, end in [segment, *self._topic]:
                for deadline in self._lexed.deadlines:
                    if start <= deadline.start and deadline.end <= end and not deadline.begins:
                        draft.until = (deadline.until, (deadline.start, deadline.end))
        return draft

    def _demand(self, stated: Stated, segment: Span, topic: Said) -> Draft:
        """Return the draft of a demand: who and when in front, what must hold behind."""
        lexed, (start, stop) = self._lexed, segment
        modal = self._text[slice(*stated.at)] in MODAL
        if self._text[slice(*stated.at)] in (
            "方可",
            "才可",
        ):  # 搬迁后，方可批准: what comes first is what is asked
            first = (start, stated.at[0]) if stated.at[0] - start > 2 else (self._topic or [segment])[-1]
            asked, used = requirement(lexed, *first)
            self._work.used += [*used, segment]
            topic.add(read(lexed, stated.at[1], stop, acted_on=True))
            return Draft(
                "REQUIRE", stated.strength, stated.at, topic, Said(), [*self._topic, segment], require=asked
            )
        since = self._demanded_from(stated, segment, modal=modal)
        topic.add(read(lexed, start, min(stated.at[0], since)))
        asked, used = requirement(lexed, since, stop)
        if not modal:
            named = [f for f in facts(lexed, start, stated.at[1]) if f.at[1] > stated.at[0]]
            asked = [*named, *asked]
            used = [*used, *(f.at for f in named)]
        self._work.used += used
        return Draft(
            "REQUIRE", stated.strength, stated.at, topic, Said(), [*self._topic, segment], require=asked
        )

    def _demanded_from(self, stated: Stated, segment: Span, *, modal: bool) -> int:
        """Return where the demand begins: its noun may stand in front of the verb (清洁生产水平应达…)."""
        lexed, (start, stop) = self._lexed, segment
        since = stated.at[1] if modal else stated.at[0]
        for number in lexed.quantities:
            if number.start <= stated.at[0] < number.end:
                since = min([since, *(f.at[0] for f in measured(lexed, number, start, stop, required=True))])
        for fact in facts(lexed, start, stop):
            if fact.at[0] < stated.at[0] < fact.at[1]:
                since = min(since, fact.at[0])
        if since == stated.at[1] and any(q.start - since in (0, 1) for q in lexed.quantities):
            heads = [
                t.end
                for t in lexed.within(start, stated.at[0])
                if not t.kinds.keys() & {"stops", "shields", "effect"}
            ]
            noun = re.search("[^,;。:()的、]{2,24}$", self._text[max([start, *heads]) : stated.at[0]])
            since = stated.at[0] - len(noun[0]) if noun else since
        return since

    def _act(self, stated: Stated, segment: Span, topic: Said) -> Draft:
        """Return the draft of an effect on something: named behind the verb, or else in front of it."""
        lexed, (start, stop) = self._lexed, segment
        ratios = [r for r in lexed.ratios if start <= r.start and r.end <= stop]
        behind = (stated.at[1], stop)
        if stated.effect == "FORBID" and ratios and ratios[0].start >= stated.at[1]:
            behind = (stated.at[1], ratios[0].start)
        behind, *self._later = self._members(behind)
        what = read(lexed, *behind, acted_on=True)
        if stated.effect == "EXIT" and what.objects and not (what.industries or what.activities):
            leaving = read(lexed, start, stated.at[0])
            if leaving.industries or leaving.activities or topic.industries or topic.activities:
                what = Said()  # 置换为再生水: what takes its place is not what goes
        if what.industries or what.activities or what.objects or (what.generic and what.atoms):
            topic.add(read(lexed, start, stated.at[0]))
        else:
            known = bool(topic.industries or topic.activities or topic.objects)
            ahead, *self._later = self._members((start, stated.at[0]))
            what.add(read(lexed, *ahead, acted_on=not known))
            if not (what.industries or what.activities or what.objects or known) and self._topic:
                what.objects += read(lexed, *self._topic[-1], acted_on=True).objects
        draft = Draft(stated.effect, stated.strength, stated.at, topic, what, [*self._topic, segment])
        if ratios and stated.effect in ("FORBID", "RESTRICT", "EXIT"):
            asked, used = requirement(lexed, ratios[0].start, stop)  # …，等量替代的除外 without the word
            draft.unless.append(asked)
            self._work.used += used
        return draft

    def _members(self, span: Span) -> list[Span]:
        """Return the stretches of a list whose members have numbers of their own (5万吨以下的味精、2千吨以下的酵母)."""
        lexed, cuts = self._lexed, []
        named = [t for t in lexed.within(*span) if "industry" in t.kinds]
        for number in lexed.quantities:
            if span[0] <= number.start and number.end <= span[1]:
                before = [t.end for t in named if t.end <= number.start]
                behind = [t.start for t in named if t.start >= number.end]
                joints = (
                    list(_LIST_JOINT.finditer(self._text, max(before), number.start))
                    if before and behind
                    else []
                )
                cuts += [joints[0].end()] if joints else []
        edges = [span[0], *dict.fromkeys(cuts), span[1]]
        return [(a, b) for a, b in pairwise(edges)] if cuts else [span]

    def _inherit(self, draft: Draft) -> None:
        """Take from the rule before what this one leaves unsaid: its place, its subject."""
        source = self._target
        if source is None:
            return
        if not any(s.industries or s.activities or s.objects or s.generic for s in draft.subjects):
            unnamed = not any(s.natures for s in draft.subjects)
            for said in source.subjects:
                draft.topic.industries += said.industries
                draft.topic.activities += said.activities
                if draft.effect != "REQUIRE":
                    draft.what.objects += said.objects
                elif unnamed:
                    draft.topic.natures += said.natures
        if not any(_spatial(f) for s in draft.subjects for f in s.atoms):
            draft.topic.atoms += [f for s in source.subjects for f in s.atoms if _spatial(f)]

    # --- lists and notices ---

    def _hang(self) -> None:
        """Read an item without a verb of its own: the lead-in's effect, its own object."""
        work, lead = self._work, self._carried[0]
        stated = main_effect(self._lexed, *lead)
        if stated is None:
            return
        self._lead = list(self._carried)
        what = read(self._lexed, *self._item[:2], acted_on=True)
        topic = read(self._lexed, lead[0], stated.at[0])
        if not (what.industries or what.activities or what.objects):
            topic.add(read(self._lexed, stated.at[1], lead[1], acted_on=True))  # the lead-in names the object
        if what.empty:
            return
        work.used += [stated.at, *topic.used, *what.used]
        spans = [*self._carried, (self._item.start, self._item.end)]
        self._mine = [Draft(stated.effect, stated.strength, stated.at, topic, what, spans)]
        for draft in work.drafts:
            draft.opens |= lead[0] <= draft.at[0] and draft.at[1] <= lead[1]

    def _list(self) -> None:
        """Read what stands behind the colon of a lead-in in the same statement: what it acts on."""
        first = self._mine[-1]
        members = [read(self._lexed, *span) for span in self._topic]
        named = any(m.industries or m.activities or m.objects for m in members)
        if first.effect in ("ALLOW", "FORBID", "RESTRICT") and not named:
            any_of = [_all_of(m.atoms) for m in members if m.atoms]
            if any_of:
                whole = any_of[0] if len(any_of) == 1 else {"any": any_of}
                first.what.atoms.append(Found(whole, around(self._topic)))
                first.spans += self._topic
                self._work.used += self._topic
        else:
            what, later = Said(), []
            for span in self._topic:
                own, *others = self._members(span)
                what.add(read(self._lexed, *own, acted_on=True))
                later += others
            if not what.empty and not (first.what.industries or first.what.activities or first.what.objects):
                first.what.add(what)
                first.spans += self._topic
            elif not what.empty:
                spans = [*first.spans, *self._topic]
                self._mine.append(Draft(first.effect, first.strength, first.at, first.topic, what, spans))
            self._go_on(later)
        self._topic = []

    def _go_on(self, spans: Sequence[Span]) -> None:
        """Read further things the last rule acts on, each with what is said of it alone."""
        first = self._mine[-1]
        topic = Said()
        topic.add(first.topic)
        topic.atoms += [f for f in first.what.atoms if _spatial(f)]
        for span in spans:
            what = read(self._lexed, *span, acted_on=True)
            if not what.empty:
                self._work.used += what.used
                made = Draft(first.effect, first.strength, first.at, topic, what, [*first.spans, span])
                made.unless, made.until = list(first.unless), first.until
                what.natures = what.natures or first.what.natures
                self._mine.append(made)

    def _notice(self) -> Draft | None:
        """Return the statement as a notice when it only tells."""
        span = (self._item.start, self._item.end)
        if not informs(self._words(span)):
            return None
        said = read(self._lexed, *span)
        self._work.used.append(span)
        told = Said(industries=said.industries)
        told.atoms = [
            f for f in said.atoms if "distance" in f.atom or ("unit" in f.atom and "matter" not in f.atom)
        ]
        return Draft("INFORM", "strict", span, told, Said(), [span])


def _all_of(found: Sequence[Found]) -> dict[str, object]:
    return dict(found[0].atom) if len(found) == 1 else {"all": [f.atom for f in found]}


def _spatial(found: Found) -> bool:
    atom = found.atom
    return any(k in atom for k in _SPATIAL) or str(atom.get("fact", "")).startswith("inside_")


def items(text: str) -> Iterator[Item]:
    """Yield the statements of a text without their marks; a semicolon in brackets ends none."""
    text = f"{text}。"
    begin, depth, follows = 0, 0, False
    for found in _ENDS.finditer(text):
        place, character = found.start(), found[0]
        if character == "(":
            depth += 1
        elif character == ")":
            depth = max(0, depth - 1)
        elif character != ";" or not depth:
            mark = MARK.match(text, begin, place)
            start = mark.end() if mark else begin
            if place > start:
                yield Item(start, place, follows)
            begin, depth, follows = place + 1, 0, character == ";"


def _segments(text: str, begin: int, end: int) -> Iterator[Span]:
    """Yield what stands between commas and colons outside brackets; the colon of 2:1 is none."""
    depth, start = 0, begin
    for found in _JOINTS.finditer(text, begin, end):
        place, character = found.start(), found[0]
        if character == "(":
            depth += 1
        elif character == ")":
            depth = max(0, depth - 1)
        elif not depth:
            ratio = (
                character == ":"
                and text[place - 1 : place].isdigit()
                and text[place + 1 : place + 2].isdigit()
            )
            if not ratio:
                if place > start:
                    yield (start, place)
                start = place + 1
    if end > start:
        yield (start, end)


def _without(segment: Span, masked: Sequence[Span]) -> Iterator[Span]:
    start, stop = segment
    for begin, end in masked:
        if begin < stop and start < end:
            if begin > start:
                yield (start, begin)
            start = max(start, end)
    if stop > start:
        yield (start, stop)
