"""Fill what is kept with each claim and answer from now on."""

from django.db import migrations
from django.db.models import Count, OuterRef, Q, Subquery


def fill(apps, schema_editor):
    Question, Rating, Workload = (
        apps.get_model("annotation", name) for name in ("Question", "Rating", "Workload")
    )
    of_question = Question.objects.filter(pk=OuterRef("question_id")).values("campaign_id")[:1]
    Rating.objects.filter(campaign=None).update(campaign_id=Subquery(of_question))
    in_force = Rating.objects.filter(superseded_by=None, is_withdrawn=False)
    known = Q(question__is_gold=True) | Q(occasion__gt=0)
    counted = (
        in_force.order_by()
        .values("campaign_id", "person_id")
        .annotate(answered=Count("pk"), answered_gold=Count("pk", filter=known))
    )
    Workload.objects.bulk_create(
        (Workload(**row) for row in counted.iterator()), batch_size=1_000, ignore_conflicts=True
    )


class Migration(migrations.Migration):

    dependencies = [("annotation", "0005_allocating")]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
