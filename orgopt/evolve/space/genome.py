"""The genome: an organization as Optuna distributions, and the way back to Edits on the seed document.

It is absolute, so that any sampler, its importances and its storage work. Names and choices are stable for a seed
document, a library, a budget, groups and models. What the genes are is in `roles`, `links` and
`standup`.
"""

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any

from optuna.distributions import BaseDistribution

from orgopt.agent_names import LANGUAGE_AGENT
from orgopt.document.editing.base import Edit, describe
from orgopt.document.reading.reader import read
from orgopt.document.text.program import Program
from orgopt.errors import UsageError
from orgopt.evolve.space.allowed import PARTS, TEXTS, free_parts
from orgopt.evolve.space.gene import Gene, Needs, Params
from orgopt.evolve.space.link_genes import decode_links, link_genes, managers_first, relations
from orgopt.evolve.space.role_genes import decode_role, role_genes
from orgopt.evolve.space.search_genes import decode_rhythm, search_genes
from orgopt.evolve.space.standup_genes import decode_standup, standup_genes
from orgopt.evolve.space.write import edits_between, write
from orgopt.org import Org, Role

__all__ = ["PARTS", "Params", "Space"]


class Space:
    """The search space around a seed document.

    Args:
        seed: The document that candidates are edits of; it has no errors.
        library: A document whose roles may be added; None for none.
        budget_s: The budget of a run, which bounds the interval of timed stand-ups.
        groups: Knob groups that a role may focus on: those that all tasks have.
        models: Language models that a role may have, besides those that the two documents name.
        fix: Parts that do not change, of `PARTS`; `links` is reports, shares, delegates and reviews.
        only: The parts that may change; empty is all.

    Attributes:
        distributions: An Optuna distribution for every parameter, frozen ones too, in a fixed order.
        origin: The parameters of the seed document.
        free: The names of parameters that may change.
        rewritable: Whether texts may, which no parameter holds.

    Raises:
        UsageError: There is no such part, or nothing may change.
    """

    def __init__(
        self,
        seed: Program,
        library: Program | None,
        budget_s: float,
        *,
        groups: Sequence[str] = (),
        models: Sequence[str] = (),
        fix: Collection[str] = (),
        only: Collection[str] = (),
    ) -> None:
        self.seed, self.org = seed, read(seed).org
        extra = [role for role in read(library).org.roles if not self.org.role(role.id)] if library else []
        self._library = {role.id: role for role in extra}
        self.roles: tuple[Role, ...] = (*managers_first(self.org), *extra)
        parts = free_parts(fix, only)
        # A model of somebody who cannot be hired is nobody's to take: it was not checked, and nothing limits it.
        known = [*(one.model for one in self.roles if "roles" in parts or one.id not in self._library), *models]
        self._relations = () if self.org.searches else tuple(relations(self.roles, self._library))
        kinds = (
            (search_genes(self.org, self.roles, self._library),)
            if self.org.searches
            else (
                role_genes(self.org, self.roles, self._library, groups, known, more=bool(models)),
                link_genes(self.org, self._relations, self._library),
                standup_genes(self.org, budget_s),
            )
        )
        self._genes: dict[str, Gene] = {gene.name: gene for genes in kinds for gene in genes}
        self.distributions: dict[str, BaseDistribution] = {g.name: g.distribution for g in self._genes.values()}
        self.origin: dict[str, Any] = {gene.name: gene.origin for gene in self._genes.values()}
        self.rewritable = TEXTS in parts
        never = set[str]() if "roles" in parts else {f"headcount/{role_id}" for role_id in self._library}
        free = [
            gene for gene in self._genes.values() if gene.part in parts and never.isdisjoint(n for n, _ in gene.needs)
        ]
        self.free = tuple(gene.name for gene in free)
        # Many genes need the same, as those of two roles do: each need is looked at once.
        self._needs: tuple[Needs, ...] = tuple(dict.fromkeys(gene.needs for gene in free))
        order = {needs: index for index, needs in enumerate(self._needs)}
        self._needs_of = tuple(order[gene.needs] for gene in free)
        if not self.free:
            raise UsageError(f"nothing is left to change in {seed.source}: free other parts of {', '.join(PARTS)}")

    def part_of(self, name: str) -> str:
        """The part of `PARTS` that a parameter belongs to."""
        return self._genes[name].part

    def active(self, params: Params) -> list[str]:
        """The free parameters that make a difference where the others stand.

        Of a role without agents, for instance, that is only its headcount.
        """
        met = [all(params[name] in values for name, values in needs) for needs in self._needs]
        return [name for name, number in zip(self.free, self._needs_of, strict=True) if met[number]]

    def organization(self, params: Params) -> Org:
        """The organization of some parameters; a library's role is in it once it has agents."""
        roles = [decode_role(role, params, self.origin) for role in self.org.roles]
        hired = [role for role in self._library.values() if params.get(f"headcount/{role.id}")]
        roles += [decode_role(role, params, self.origin) for role in hired]
        if self.org.searches:
            return decode_rhythm(replace(self.org, roles=tuple(roles)), params, self.origin)
        present = {role.id for role in roles}
        return replace(
            self.org,
            roles=tuple(roles),
            links=decode_links(self.org, self._relations, params, self.origin, present),
            standup=decode_standup(self.org.standup, params, self.origin),
        )

    def decode(self, params: Params) -> tuple[Edit, ...]:
        """The edits that turn the seed document into the organization of some parameters."""
        return edits_between(self.org, self.organization(params))

    def program(self, params: Params) -> Program:
        """The seed document after the edits of some parameters.

        Raises:
            DocumentError: Its text cannot take one of them.
        """
        target = self.organization(params)
        return write(edits_between(self.org, target), self.seed, target)

    def changes(self, before: Params, after: Params) -> list[str]:
        """What differs between two points in words, a line an edit, such as `Explorer: headcount 3 → 4`."""
        old = self.organization(before)
        return describe(edits_between(old, self.organization(after)), old)


def everybody(org: Org, library: Program | None, parts: Collection[str], models: Sequence[str] = ()) -> Org:
    """An organization with all roles that a search may give agents, one each where they have none.

    A role stands in it once more for each model that it may have besides its own, so that this is opened, too.

    Args:
        org: That of the seed document.
        library: A document whose roles may be added; None for none.
        parts: The parts that may change; see `free_parts`.
        models: Language models that roles may have besides those that the documents name.
    """
    mine = [replace(role, headcount=role.headcount or 1) for role in org.roles] if "headcount" in parts else org.roles
    added = read(library).org.roles if library and "roles" in parts else ()
    others = [replace(role, headcount=role.headcount or 1) for role in added if not org.role(role.id)]
    thinking = [role for role in mine if role.headcount and role.agent == LANGUAGE_AGENT] if "model" in parts else []
    also = [replace(thinking[0], id=f"{thinking[0].id}-{model}", model=model) for model in models if thinking]
    return replace(org, roles=(*mine, *others, *also))
