"""Four of the fourteen rules as an analyst would write them in SQL for DuckDB: the peer of `jagaloket replay`.

    python duckdb_rules.py EVENTS.jsonl [THREADS]

It looks for a service with the phone out of the lockbox for 60 s, a service without a sign-in, a lockbox check
that is over two hours late, and a workstation that was silent for over 90 s. It knows no late clocks, gaps, breaks,
exemptions, emergencies, bridges or boots: it does less than the replay, and what it finds is not compared.
Prints one line of JSON.
"""

import json
import resource
import sys
import time

import duckdb

TABLE = """
create temp table event as
select any_value("time") moment, any_value(source) source, any_value("type") kind,
       any_value(data.officer) officer
from read_json(?, format = 'newline_delimited', ignore_errors = true, columns = {
    id: 'VARCHAR', source: 'VARCHAR', "type": 'VARCHAR', "time": 'TIMESTAMPTZ',
    bootid: 'VARCHAR', sequence: 'VARCHAR', data: 'STRUCT(officer VARCHAR)'})
where id is not null and "time" is not null and source is not null and "type" is not null
group by source, id
"""

STATE = """
create temp table state as
with counter as (
    select source, moment, kind,
        last_value(case kind when 'service.started' then true when 'service.ended' then false end ignore nulls)
            over so_far serving,
        last_value(case kind when 'session.signed_in' then officer when 'session.signed_out' then '' end ignore nulls)
            over so_far officer
    from event
    where kind in ('service.started', 'service.ended', 'session.signed_in', 'session.signed_out')
    window so_far as (partition by source order by moment)),
phone as (select officer, moment, kind = 'lockbox.deposited' inside
          from event where kind in ('lockbox.deposited', 'lockbox.withdrawn'))
select counter.*, coalesce(phone.inside, false) inside, lead(counter.moment) over (partition by source order by counter.moment) next
from counter asof left join phone on counter.officer = phone.officer and counter.moment >= phone.moment
"""

RULES = {
    "phone out during service": """
        with bad as (
            select *, coalesce(serving, false) and coalesce(officer, '') <> '' and not inside is_bad from state),
        run as (
            select *, sum(case when is_bad then 0 else 1 end) over (partition by source order by moment) number from bad)
        select count(*) from (
            select source, number from run where is_bad group by all
            having max(next) - min(moment) >= interval 60 seconds)""",
    "service without sign-in": """
        select count(*) from state where kind = 'service.started' and coalesce(officer, '') = ''""",
    "lockbox check overdue": """
        select count(*) from (
            select moment, lag(moment) over (partition by officer order by moment) before
            from event where kind in ('lockbox.checked', 'shift.started'))
        where moment - before > interval 2 hours""",
    "workstation silent": """
        select count(*) from (
            select moment, lag(moment) over (partition by source order by moment) before
            from event where kind = 'workstation.heartbeat')
        where moment - before > interval 90 seconds""",
}


def main():
    path = sys.argv[1]
    threads = int(sys.argv[2]) if len(sys.argv) > 2 else 2
    began = time.monotonic()
    connection = duckdb.connect()
    connection.execute(f"set threads = {threads}")
    connection.execute(TABLE, [path])
    events = connection.execute("select count(*) from event").fetchone()[0]
    connection.execute(STATE)
    found = {name: connection.execute(rule).fetchone()[0] for name, rule in RULES.items()}
    seconds = time.monotonic() - began
    print(json.dumps({
        "duckdb": duckdb.__version__, "threads": threads, "events": events, "seconds": round(seconds, 3),
        "events_per_second": round(events / seconds), "found": found,
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024}))


main()
