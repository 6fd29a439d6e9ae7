-- Reports. One formula, one place: views and programs use the functions below. All lengths in seconds.

-- What an agent did after a talk belongs to it: the wrap-up periods that name its contact, up to her next talk in it.
CREATE VIEW handled AS
SELECT talk.contact, talk.agent, talk.queue, talk.leg, talk.began, talk.ended, talk.talk_s, coalesce(wrap.wrap_up_s, 0) AS wrap_up_s
FROM talk
CROSS JOIN LATERAL (
    SELECT sum(extract(epoch FROM activity.until - activity.since)::double precision) AS wrap_up_s
    FROM agent_activity activity
    WHERE activity.contact = talk.contact AND activity.agent = talk.agent AND activity.state = 'wrap_up'
      AND activity.since >= talk.ended
      AND NOT EXISTS (
          SELECT FROM talk later
          WHERE later.contact = talk.contact AND later.agent = talk.agent
            AND later.began >= talk.ended AND later.began <= activity.since AND later.leg <> talk.leg
      )
) wrap;
COMMENT ON VIEW handled IS 'One row per talk with the wrap-up that followed it; a wrap-up that still runs counts 0.';

CREATE FUNCTION queue_interval_between(lower_bound timestamptz, upper_bound timestamptz, width interval, origin timestamptz)
RETURNS TABLE (
    starts timestamptz, queue text,
    offered bigint, answered bigint, abandoned bigint, other_exits bigint,
    answered_in_time bigint, abandoned_in_time bigint, answered_wait_s double precision, longest_wait_s double precision,
    handled bigint, talk_s double precision, wrap_up_s double precision,
    service_level double precision, asa_s double precision, aht_s double precision
)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT starts, queue,
           coalesce(visits.offered, 0), coalesce(visits.answered, 0), coalesce(visits.abandoned, 0),
           coalesce(visits.other_exits, 0), coalesce(visits.answered_in_time, 0), coalesce(visits.abandoned_in_time, 0),
           coalesce(visits.answered_wait_s, 0), coalesce(visits.longest_wait_s, 0),
           coalesce(talks.handled, 0), coalesce(talks.talk_s, 0), coalesce(talks.wrap_up_s, 0),
           visits.answered_in_time::double precision / nullif(visits.answered + visits.abandoned, 0),
           visits.answered_wait_s / nullif(visits.answered, 0),
           (talks.talk_s + talks.wrap_up_s) / nullif(talks.handled, 0)
    FROM (
        SELECT date_bin(width, visit.entered, origin) AS starts, visit.queue,
               count(*) AS offered,
               count(*) FILTER (WHERE visit.exit = 'connected') AS answered,
               count(*) FILTER (WHERE visit.exit = 'abandoned') AS abandoned,
               count(*) FILTER (WHERE visit.exit NOT IN ('connected', 'abandoned')) AS other_exits,
               count(*) FILTER (WHERE visit.exit = 'connected' AND visit.waited_s <= visit.service_level_s) AS answered_in_time,
               count(*) FILTER (WHERE visit.exit = 'abandoned' AND visit.waited_s <= visit.service_level_s) AS abandoned_in_time,
               coalesce(sum(visit.waited_s) FILTER (WHERE visit.exit = 'connected'), 0) AS answered_wait_s,
               max(visit.waited_s) AS longest_wait_s
        FROM queue_visit visit
        WHERE visit.entered >= lower_bound AND visit.entered < upper_bound
        GROUP BY 1, 2
    ) visits
    FULL JOIN (
        SELECT date_bin(width, handled.began, origin) AS starts, handled.queue,
               count(*) AS handled, sum(handled.talk_s) AS talk_s, sum(handled.wrap_up_s) AS wrap_up_s
        FROM handled
        WHERE handled.began >= lower_bound AND handled.began < upper_bound
        GROUP BY 1, 2
    ) talks USING (starts, queue)
$$;
COMMENT ON FUNCTION queue_interval_between IS
    'Queues by interval. A visit counts where it was entered, a talk and its wrap-up where the talk began. Intervals are counted from origin.';

CREATE VIEW queue_interval AS
SELECT * FROM queue_interval_between('-infinity', 'infinity', '30 minutes', '2000-01-01 00:00:00+00');
COMMENT ON VIEW queue_interval IS 'queue_interval_between over everything, by half hours UTC.';

CREATE FUNCTION agent_interval_between(lower_bound timestamptz, upper_bound timestamptz, width interval, origin timestamptz)
RETURNS TABLE (
    starts timestamptz, agent text,
    logged_in_s double precision, ready_s double precision, offered_s double precision, on_contact_s double precision,
    wrap_up_s double precision, paused_s double precision, not_ready_s double precision,
    offers bigint, accepted bigint, missed bigint, handled bigint, talk_s double precision,
    occupancy double precision, aht_s double precision
)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT starts, agent,
           coalesce(times.logged_in_s, 0), coalesce(times.ready_s, 0), coalesce(times.offered_s, 0),
           coalesce(times.on_contact_s, 0), coalesce(times.wrap_up_s, 0), coalesce(times.paused_s, 0),
           coalesce(times.not_ready_s, 0),
           coalesce(rings.offers, 0), coalesce(rings.accepted, 0), coalesce(rings.missed, 0),
           coalesce(talks.handled, 0), coalesce(talks.talk_s, 0),
           (times.on_contact_s + times.wrap_up_s)
               / nullif(times.ready_s + times.offered_s + times.on_contact_s + times.wrap_up_s, 0),
           (talks.talk_s + talks.wrap_up_s) / nullif(talks.handled, 0)
    FROM (
        SELECT parts.starts, parts.agent,
               sum(parts.s) AS logged_in_s,
               coalesce(sum(parts.s) FILTER (WHERE parts.state = 'ready'), 0) AS ready_s,
               coalesce(sum(parts.s) FILTER (WHERE parts.state = 'offered'), 0) AS offered_s,
               coalesce(sum(parts.s) FILTER (WHERE parts.state = 'on_contact'), 0) AS on_contact_s,
               coalesce(sum(parts.s) FILTER (WHERE parts.state = 'wrap_up'), 0) AS wrap_up_s,
               coalesce(sum(parts.s) FILTER (WHERE parts.state = 'not_ready' AND parts.status = 'paused'), 0) AS paused_s,
               coalesce(sum(parts.s) FILTER (WHERE parts.state = 'not_ready' AND parts.status = 'available'), 0) AS not_ready_s
        FROM (
            SELECT bin.starts, period.agent, period.status, period.state,
                   extract(epoch FROM least(period.until, bin.starts + width) - greatest(period.since, bin.starts))::double precision AS s
            FROM (
                SELECT activity.agent, activity.status, activity.state,
                       greatest(activity.since, lower_bound) AS since,
                       least(coalesce(activity.until, now()), upper_bound) AS until
                FROM agent_activity activity
                WHERE activity.since < upper_bound AND (activity.until > lower_bound OR activity.until IS NULL)
                  AND (activity.status <> 'logged_out' OR activity.state <> 'not_ready')
            ) period
            CROSS JOIN LATERAL generate_series(date_bin(width, period.since, origin), period.until, width) AS bin (starts)
            WHERE period.until > period.since AND bin.starts < period.until
        ) parts
        GROUP BY 1, 2
    ) times
    FULL JOIN (
        SELECT date_bin(width, offer.offered, origin) AS starts, offer.agent,
               count(*) AS offers,
               count(*) FILTER (WHERE offer.end_reason = 'accepted') AS accepted,
               count(*) FILTER (WHERE offer.end_reason NOT IN ('accepted', 'rescinded')) AS missed
        FROM offer
        WHERE offer.offered >= lower_bound AND offer.offered < upper_bound
        GROUP BY 1, 2
    ) rings USING (starts, agent)
    FULL JOIN (
        SELECT date_bin(width, handled.began, origin) AS starts, handled.agent,
               count(*) AS handled, sum(handled.talk_s) AS talk_s, sum(handled.wrap_up_s) AS wrap_up_s
        FROM handled
        WHERE handled.began >= lower_bound AND handled.began < upper_bound
        GROUP BY 1, 2
    ) talks USING (starts, agent)
$$;
COMMENT ON FUNCTION agent_interval_between IS
    'Agents by interval. Times are cut at the bounds and at interval ends; an offer counts where it began, a talk where it began.';

CREATE VIEW agent_interval AS
SELECT * FROM agent_interval_between('-infinity', 'infinity', '30 minutes', '2000-01-01 00:00:00+00');
COMMENT ON VIEW agent_interval IS 'agent_interval_between over everything, by half hours UTC.';

CREATE VIEW cdr AS
SELECT contact.*,
       extract(epoch FROM contact.ended - contact.began)::double precision AS length_s,
       (SELECT jsonb_agg(jsonb_build_object(
                   'queue', visit.queue, 'entered', visit.entered, 'waited_s', visit.waited_s, 'exit', visit.exit,
                   'priority', visit.priority, 'service_level_s', visit.service_level_s) ORDER BY visit.seq, visit.n)
        FROM queue_visit visit WHERE visit.contact = contact.id) AS waits,
       (SELECT jsonb_agg(jsonb_build_object(
                   'offer', offer.id, 'agent', offer.agent, 'leg', offer.leg, 'queue', offer.queue,
                   'offered', offer.offered, 'end', offer.end_reason, 'rang_s', offer.rang_s, 'why', offer.why)
                   ORDER BY offer.offered, offer.id)
        FROM offer WHERE offer.contact = contact.id) AS rings,
       (SELECT jsonb_agg(jsonb_build_object(
                   'agent', talk.agent, 'leg', talk.leg, 'queue', talk.queue, 'began', talk.began, 'talk_s', talk.talk_s)
                   ORDER BY talk.seq, talk.n)
        FROM talk WHERE talk.contact = contact.id) AS talks,
       (SELECT jsonb_agg(jsonb_build_object(
                   'recording', recording.id, 'kind', recording.kind, 'agent', recording.agent, 'path', recording.path,
                   'expected_s', recording.expected_s, 'seconds', recording.seconds, 'channels', recording.channels,
                   'problem', recording.problem) ORDER BY recording.started, recording.id)
        FROM recording WHERE recording.contact = contact.id) AS recordings
FROM contact;
COMMENT ON VIEW cdr IS 'One row per contact with its waits, rings (the agents'' legs), talks and recordings as JSON arrays; NULL when there were none.';
