"""When to stop asking: a rule for every answer, and replays that say what it saves.

===================  ============================================================================
`stopping.policy`    `Policy`: the rule itself, plain Python, used by pages and by replays
`stopping.pools`     `Pools`: real ratings in random orders, as if they came one by one
`stopping.people`    what a refit says of people: weights, support, temperature
`stopping.replay`    `replay`: a campaign under a policy, with refits, re-openings and a report
`stopping.curve`     `fixed_curve`, `saving`: a fixed number of answers at equal accuracy
===================  ============================================================================

Nothing is imported here: the rule is needed in web processes, which load no numeric core.
"""
