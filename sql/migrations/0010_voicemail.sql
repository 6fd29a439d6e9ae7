-- Messages that callers leave and agents hear: one row per message that a mailbox leads to a queue.

CREATE TABLE voicemail (
    contact    text PRIMARY KEY,
    queue      text NOT NULL,
    left_in    text,
    recording  text,
    mailbox    text,
    left_at    timestamptz,
    seconds    double precision,
    heard_by   text,
    next_at    timestamptz,
    settled    timestamptz,
    end_reason text,
    settled_by text,
    hearings   integer
);
COMMENT ON TABLE  voicemail            IS 'One row per message that agents are to hear, complete once settled is set.';
COMMENT ON COLUMN voicemail.contact    IS 'The contact that the message is (direction voicemail): not the call in which it was left.';
COMMENT ON COLUMN voicemail.left_in    IS 'The call in which it was left.';
COMMENT ON COLUMN voicemail.recording  IS 'What was said.';
COMMENT ON COLUMN voicemail.seconds    IS 'How long it was when it was left; the recording''s row says how long the file is.';
COMMENT ON COLUMN voicemail.heard_by   IS 'The agent who heard it last.';
COMMENT ON COLUMN voicemail.next_at    IS 'Somebody heard it and was not done with it: nobody was rung for it before then.';
COMMENT ON COLUMN voicemail.end_reason IS 'done, called_back, settled (by somebody at a keyboard), empty; NULL while it waits.';
COMMENT ON COLUMN voicemail.settled_by IS 'Who said so, if no agent did on her phone.';
COMMENT ON COLUMN voicemail.hearings   IS 'How often an agent was put through to it.';
CREATE INDEX voicemail_left_at ON voicemail (left_at);
CREATE INDEX voicemail_left_in ON voicemail (left_in);
CREATE UNIQUE INDEX voicemail_recording ON voicemail (recording);

COMMENT ON COLUMN queue_visit.callback IS 'A stay of somebody who is not on the line (promised a callback, or a message): not in the service level.';
COMMENT ON COLUMN contact.direction    IS 'inbound, internal (an agent dialled a code), outbound, or voicemail (a message that waits to be heard).';

CREATE OR REPLACE FUNCTION queue_interval_between(lower_bound timestamptz, upper_bound timestamptz, width interval, origin timestamptz)
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
        WHERE visit.entered >= lower_bound AND visit.entered < upper_bound AND NOT visit.callback
        GROUP BY 1, 2
    ) visits
    FULL JOIN (
        SELECT date_bin(width, handled.began, origin) AS starts, handled.queue,
               count(*) AS handled, sum(handled.talk_s) AS talk_s, sum(handled.wrap_up_s) AS wrap_up_s
        FROM handled
        WHERE handled.began >= lower_bound AND handled.began < upper_bound
          AND NOT EXISTS (SELECT FROM voicemail WHERE voicemail.contact = handled.contact)
        GROUP BY 1, 2
    ) talks USING (starts, queue)
$$;
COMMENT ON FUNCTION queue_interval_between IS
    'Queues by interval, without callbacks in line and without messages (see callback_interval_between, voicemail_interval_between). A visit counts where it was entered, a talk and its wrap-up where the talk began. Intervals are counted from origin.';

CREATE FUNCTION voicemail_interval_between(lower_bound timestamptz, upper_bound timestamptz, width interval, origin timestamptz)
RETURNS TABLE (
    starts timestamptz, queue text,
    left_messages bigint, done bigint, called_back bigint, settled bigint, empty bigint, standing bigint, hearings bigint,
    heard_s double precision, until_done_s double precision
)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT date_bin(width, voicemail.left_at, origin), voicemail.queue,
           count(*),
           count(*) FILTER (WHERE voicemail.end_reason = 'done'), count(*) FILTER (WHERE voicemail.end_reason = 'called_back'),
           count(*) FILTER (WHERE voicemail.end_reason = 'settled'), count(*) FILTER (WHERE voicemail.end_reason = 'empty'),
           count(*) FILTER (WHERE voicemail.end_reason IS NULL),
           coalesce(sum(voicemail.hearings), 0)::bigint,
           coalesce(sum((SELECT sum(talk.talk_s) FROM talk WHERE talk.contact = voicemail.contact)), 0),
           avg(extract(epoch FROM voicemail.settled - voicemail.left_at)::double precision)
               FILTER (WHERE voicemail.end_reason IN ('done', 'called_back', 'settled'))
    FROM voicemail
    WHERE voicemail.left_at >= lower_bound AND voicemail.left_at < upper_bound
    GROUP BY 1, 2
$$;
COMMENT ON FUNCTION voicemail_interval_between IS
    'Messages by interval in which they were left. heard_s: the time agents listened; until_done_s: the mean time until nothing was left to be done.';
