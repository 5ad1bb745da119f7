"""Taxonomies to make: drafts, their classes, imports, publishing."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods

from consonance.catalog.actions.delete_taxonomy import delete_taxonomy
from consonance.catalog.actions.draft_taxonomy import draft_next_version, draft_taxonomy
from consonance.catalog.actions.edit_taxonomy import edit_taxonomy, remove_class, write_class
from consonance.catalog.actions.import_taxonomy import import_taxonomy
from consonance.catalog.actions.publish_taxonomy import publish_taxonomy
from consonance.catalog.models import Taxonomy
from consonance.catalog.taxonomies import definition_of
from consonance.catalog.taxonomy_pages import rows
from consonance.catalog.taxonomy_pages.forms import (
    ClassForm,
    DraftForm,
    FactsForm,
    ImportForm,
    VersionForm,
)
from consonance.errors import ParameterError, StateError
from consonance.people.models import Role
from consonance.people.views import needs
from consonance.taxonomies.checking import TaxonomyError, notes_of
from consonance.taxonomies.definition import ClassDefinition
from consonance.taxonomies.file import MOST_BYTES, parse
from consonance.taxonomies.ontology import ontology

_FORM: Final = "catalog/taxonomies/form.html"
_FOUND: Final = 30


@require_http_methods(["GET", "POST"])
@needs(Role.CURATOR)
def taxonomy_new(request: HttpRequest) -> HttpResponse:
    """Begin an empty draft."""
    form = DraftForm(request.POST or None)
    if form.is_bound and form.is_valid():
        try:
            row = draft_taxonomy(**form.cleaned_data, actor=request.user)
        except (ParameterError, StateError) as error:
            _tell(form, error)
        else:
            messages.success(request, f"The draft of {row} is there. Add its classes.")
            return redirect("taxonomies:detail", taxonomy_id=row.pk)
    context = {
        "form": form,
        "title": "New taxonomy",
        "lead": "A draft is yours to change until you publish it.",
        "button": "Begin the draft",
    }
    return _form(request, context, form)


@require_http_methods(["GET", "POST"])
@needs(Role.CURATOR)
def taxonomy_import(request: HttpRequest) -> HttpResponse:
    """Take in a taxonomy's file as a draft."""
    form = ImportForm(request.POST, request.FILES) if request.method == "POST" else ImportForm()
    problems: tuple[str, ...] = ()
    if form.is_bound and form.is_valid():
        try:
            row, outcome = import_taxonomy(
                # One byte more than fits: a larger file is told as such, without being read.
                definition=parse(form.cleaned_data["file"].read(MOST_BYTES + 1)),
                replace=form.cleaned_data["replace"],
                actor=request.user,
            )
        except TaxonomyError as error:
            problems = error.problems
        except StateError as error:
            _tell(form, error)
        else:
            told = {
                "new": f"{row} is a draft now. Look it over, then publish it.",
                "same": f"{row} was there already, with the same content.",
                "replaced": f"The draft of {row} has the file's content now.",
            }
            messages.success(request, told[outcome])
            return redirect("taxonomies:detail", taxonomy_id=row.pk)
    status = 400 if form.is_bound else 200
    context = {"form": form, "problems": problems}
    return render(request, "catalog/taxonomies/import.html", context, status=status)


@require_http_methods(["GET", "POST"])
@needs(Role.CURATOR)
def taxonomy_edit(request: HttpRequest, taxonomy_id: UUID) -> HttpResponse:
    """Change what is said about a draft."""
    row = get_object_or_404(Taxonomy, pk=taxonomy_id)
    if row.is_published:
        return _published(request, row)
    initial = {name: getattr(row, name) for name in ("version", "licence", "description")}
    form = FactsForm(request.POST or None, initial=initial)
    if form.is_bound and form.is_valid():
        try:
            edit_taxonomy(taxonomy_id=row.pk, **form.cleaned_data, actor=request.user)
        except (ParameterError, StateError) as error:
            _tell(form, error)
        else:
            messages.success(request, "Saved.")
            return redirect("taxonomies:detail", taxonomy_id=row.pk)
    context = {"form": form, "taxonomy": row, "title": f"Details of {row}", "button": "Save"}
    return _form(request, context, form)


@require_http_methods(["GET", "POST"])
@needs(Role.CURATOR)
def taxonomy_version(request: HttpRequest, taxonomy_id: UUID) -> HttpResponse:
    """Begin a new version from an old one."""
    row = get_object_or_404(Taxonomy, pk=taxonomy_id)
    form = VersionForm(request.POST or None)
    if form.is_bound and form.is_valid():
        try:
            made = draft_next_version(
                taxonomy_id=row.pk, version=form.cleaned_data["version"], actor=request.user
            )
        except (ParameterError, StateError) as error:
            _tell(form, error)
        else:
            messages.success(request, f"The draft of {made} has the classes of {row}.")
            return redirect("taxonomies:detail", taxonomy_id=made.pk)
    context = {
        "form": form,
        "taxonomy": row,
        "title": f"New version of {row.name}",
        "lead": f"It begins as a draft with the classes of version {row.version}, which stays as "
        "it is: what was asked by it keeps its meaning.",
        "button": "Begin the draft",
    }
    return _form(request, context, form)


@require_http_methods(["GET", "POST"])
@needs(Role.CURATOR)
def taxonomy_publish(request: HttpRequest, taxonomy_id: UUID) -> HttpResponse:
    """Ask once more, then publish a draft."""
    row = get_object_or_404(Taxonomy.objects.prefetch_related("classes"), pk=taxonomy_id)
    if row.is_published:
        return _published(request, row)
    problems: tuple[str, ...] = ()
    if request.method == "POST":
        try:
            publish_taxonomy(taxonomy_id=row.pk, actor=request.user)
        except TaxonomyError as error:
            problems = error.problems
        except StateError as error:
            problems = (str(error),)
        else:
            messages.success(request, f"{row} is published: archives can be scored by it.")
            return redirect("taxonomies:detail", taxonomy_id=row.pk)
    definition = definition_of(row)
    context = {
        "taxonomy": row,
        "problems": problems,
        "notes": notes_of(definition),
        "n_classes": len(definition.classes),
    }
    status = 400 if problems else 200
    return render(request, "catalog/taxonomies/publish.html", context, status=status)


@require_http_methods(["GET", "POST"])
@needs(Role.CURATOR)
def taxonomy_delete(request: HttpRequest, taxonomy_id: UUID) -> HttpResponse:
    """Ask once more, then delete a draft."""
    row = get_object_or_404(Taxonomy, pk=taxonomy_id)
    if row.is_published:
        return _published(request, row)
    if request.method == "POST":
        try:
            named = delete_taxonomy(taxonomy_id=row.pk, actor=request.user)
        except StateError as error:
            messages.error(request, str(error))
            return redirect("taxonomies:detail", taxonomy_id=row.pk)
        messages.success(request, f"The draft of {named} is deleted.")
        return redirect("taxonomies:list")
    context = {
        "taxonomy": row,
        "title": f"Delete the draft of {row}?",
        "text": f"Its {row.classes.count()} classes go with it. Its file can be imported again: "
        "download it first if you may want it back.",
        "button": "Delete the draft",
        "file": True,
    }
    return render(request, "catalog/taxonomies/confirm.html", context)


@require_http_methods(["GET", "POST"])
@needs(Role.CURATOR)
def class_write(request: HttpRequest, taxonomy_id: UUID, entry_name: str = "") -> HttpResponse:
    """Add a class to a draft, or change one; AudioSet's classes are searched beside the form."""
    row = get_object_or_404(Taxonomy.objects.prefetch_related("classes"), pk=taxonomy_id)
    if row.is_published:
        return _published(request, row)
    definition = definition_of(row)
    entry = _entry(definition.classes, entry_name) if entry_name else None
    is_saving = request.method == "POST" and "find" not in request.POST
    form = ClassForm(
        request.POST if is_saving else None,
        taxonomy=definition,
        entry=entry,
        # Whoever only searches has not finished: what is missing is not told yet.
        typed=request.POST if request.method == "POST" and not is_saving else None,
    )
    if is_saving and form.is_valid():
        try:
            write_class(
                taxonomy_id=row.pk, entry=form.entry(), instead_of=entry_name, actor=request.user
            )
        except (ParameterError, StateError) as error:
            _tell(form, error)
        else:
            saved = form.cleaned_data["display_name"]
            messages.success(request, f"{saved} is saved.")
            return redirect("taxonomies:detail", taxonomy_id=row.pk)
    words = request.POST.get("words", "").replace("\x00", "").strip()[:100]
    known = ontology()
    chosen = [known[mid] for mid in (*form.mids, *form.without) if mid in known]
    taken = {one.mid for one in chosen}
    found = [one for one in known.search(words, most=_FOUND) if one.mid not in taken]
    context = {
        "taxonomy": row,
        "entry": entry,
        "form": form,
        "words": words,
        "chosen": rows.choices(chosen, form.mids, form.without),
        "found": rows.choices(found, form.mids, form.without),
        "most": _FOUND,
    }
    status = 400 if is_saving else 200
    return render(request, "catalog/taxonomies/class.html", context, status=status)


@require_http_methods(["GET", "POST"])
@needs(Role.CURATOR)
def class_remove(request: HttpRequest, taxonomy_id: UUID, entry_name: str) -> HttpResponse:
    """Ask once more, then take a class out of a draft."""
    row = get_object_or_404(Taxonomy.objects.prefetch_related("classes"), pk=taxonomy_id)
    if row.is_published:
        return _published(request, row)
    if request.method == "POST":
        try:
            remove_class(taxonomy_id=row.pk, name=entry_name, actor=request.user)
        except StateError as error:
            messages.error(request, str(error))
        else:
            messages.success(request, f"The class {entry_name} is removed.")
        return redirect("taxonomies:detail", taxonomy_id=row.pk)
    definition = definition_of(row)
    entry = _entry(definition.classes, entry_name)
    kinds = [one.display_name for one in definition.classes if one.parent == entry_name]
    follow = f" Its kinds ({', '.join(kinds)}) stay." if kinds else ""
    context = {
        "taxonomy": row,
        "title": f"Remove {entry.display_name} from {row}?",
        "text": f"Its definition and its map to AudioSet are lost.{follow}",
        "button": f"Remove {entry.display_name}",
    }
    return render(request, "catalog/taxonomies/confirm.html", context)


def _entry(classes: tuple[ClassDefinition, ...], name: str) -> ClassDefinition:
    found = next((one for one in classes if one.name == name), None)
    if found is None:
        raise Http404
    return found


def _tell(form: forms.Form, error: Exception) -> None:
    for problem in getattr(error, "problems", None) or (str(error),):
        form.add_error(None, problem)


def _form(request: HttpRequest, context: dict[str, Any], form: forms.Form) -> HttpResponse:
    return render(request, _FORM, context, status=400 if form.is_bound else 200)


def _published(request: HttpRequest, row: Taxonomy) -> HttpResponse:
    messages.error(
        request,
        f"{row} is published, and a published version is never edited. Make a new version from it.",
    )
    return redirect("taxonomies:detail", taxonomy_id=row.pk)
