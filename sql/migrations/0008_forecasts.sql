-- Predicted waits and how true they were. The truth is the visit to the queue, so a forecast is only what was said.
CREATE TABLE wait_forecast (
    seq       bigint NOT NULL,
    n         integer NOT NULL,
    contact   text NOT NULL,
    queue     text NOT NULL,
    predicted timestamptz NOT NULL,
    p50_s     double precision NOT NULL,
    p90_s     double precision NOT NULL,
    position  integer NOT NULL,
    entry     boolean NOT NULL,
    confident boolean NOT NULL,
    announced boolean NOT NULL,
    simulated boolean NOT NULL,
    PRIMARY KEY (seq, n)
);
COMMENT ON TABLE  wait_forecast           IS 'One row per prediction of a wait.';
COMMENT ON COLUMN wait_forecast.seq       IS 'Entry of the journal; n is the fact''s place in it.';
COMMENT ON COLUMN wait_forecast.p50_s     IS 'Half of all in this place wait at most so many seconds from `predicted`; p90_s: nine of ten.';
COMMENT ON COLUMN wait_forecast.position  IS 'Place in the queue, from 1.';
COMMENT ON COLUMN wait_forecast.entry     IS 'Made when the caller came in: what the error is measured by. Else when an announcement was due.';
COMMENT ON COLUMN wait_forecast.confident IS 'It might be spoken; announced: it was.';
COMMENT ON COLUMN wait_forecast.simulated IS 'False: a fluid took the place of a simulation, because there were too many.';
CREATE INDEX wait_forecast_predicted ON wait_forecast (predicted);
CREATE INDEX wait_forecast_contact ON wait_forecast (contact);

CREATE FUNCTION wait_interval_between(lower_bound timestamptz, upper_bound timestamptz, width interval, origin timestamptz)
RETURNS TABLE (
    starts timestamptz, queue text,
    predicted bigint, served bigint, gave_up bigint, let_go bigint,
    p50_s double precision, p90_s double precision, waited_s double precision,
    p50_held double precision, p90_held double precision, error_s double precision, bias_s double precision,
    announced bigint
)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    WITH truth AS (
        SELECT date_bin(width, forecast.predicted, origin) AS starts, forecast.queue, forecast.seq, forecast.n,
               forecast.p50_s, forecast.p90_s, visit.exit,
               visit.exit = 'connected' AS served,
               extract(epoch FROM visit.ended - forecast.predicted)::double precision AS waited_s
        FROM wait_forecast forecast
        JOIN queue_visit visit ON visit.contact = forecast.contact AND visit.queue = forecast.queue
             AND visit.entered <= forecast.predicted AND visit.ended >= forecast.predicted
        WHERE forecast.predicted >= lower_bound AND forecast.predicted < upper_bound AND forecast.entry
    ),
    reached AS (  -- the wait by the predicted one, the shortest last: what is at its place or before it was at risk then
        SELECT truth.*,
               waited_s / greatest(p50_s, 1) AS of_p50, waited_s / greatest(p90_s, 1) AS of_p90,
               row_number() OVER (PARTITION BY starts, queue ORDER BY waited_s / greatest(p50_s, 1) DESC, served, seq, n) AS risk_p50,
               row_number() OVER (PARTITION BY starts, queue ORDER BY waited_s / greatest(p90_s, 1) DESC, served, seq, n) AS risk_p90
        FROM truth
    ),
    held AS (
        SELECT starts, queue,
               count(*) AS predicted,
               count(*) FILTER (WHERE served) AS served,
               count(*) FILTER (WHERE exit = 'abandoned') AS gave_up,
               count(*) FILTER (WHERE NOT served AND exit <> 'abandoned') AS let_go,
               avg(p50_s) AS p50_s, avg(p90_s) AS p90_s,
               avg(waited_s) FILTER (WHERE served) AS waited_s,
               1 - CASE WHEN bool_or(served AND of_p50 <= 1 AND risk_p50 = 1) THEN 0
                   ELSE exp(coalesce(sum(ln(1 - 1.0::float8 / greatest(risk_p50, 2))) FILTER (WHERE served AND of_p50 <= 1), 0)) END AS p50_held,
               1 - CASE WHEN bool_or(served AND of_p90 <= 1 AND risk_p90 = 1) THEN 0
                   ELSE exp(coalesce(sum(ln(1 - 1.0::float8 / greatest(risk_p90, 2))) FILTER (WHERE served AND of_p90 <= 1), 0)) END AS p90_held,
               avg(abs(waited_s - p50_s)) FILTER (WHERE served) AS error_s,
               avg(waited_s - p50_s) FILTER (WHERE served) AS bias_s
        FROM reached GROUP BY starts, queue
    ),
    spoken AS (
        SELECT date_bin(width, predicted, origin) AS starts, queue, count(*) AS announced
        FROM wait_forecast
        WHERE predicted >= lower_bound AND predicted < upper_bound AND announced
        GROUP BY 1, 2
    )
    SELECT starts, queue,
           coalesce(held.predicted, 0), coalesce(held.served, 0), coalesce(held.gave_up, 0), coalesce(held.let_go, 0),
           held.p50_s, held.p90_s, held.waited_s, held.p50_held, held.p90_held, held.error_s, held.bias_s,
           coalesce(spoken.announced, 0)
    FROM held FULL JOIN spoken USING (starts, queue)
$$;
COMMENT ON FUNCTION wait_interval_between IS
    'Predicted and true waits by the interval in which the caller came in. p50_held, p90_held: Kaplan and Meier''s share of waits no longer than predicted.';
