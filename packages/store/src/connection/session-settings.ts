/**
 * What every session of the store sets. Plans must not depend on the statistics of the moment: a
 * plan made while a table was empty would read all of it when it is full. So each statement is
 * planned once, and whatever is no index look-up is discouraged. Hash joins stay: deliveries join
 * their own recipients. Compiling a plan costs more than running one of these.
 */

export const sessionSettings: readonly (readonly [name: string, value: string])[] = [
  ['plan_cache_mode', 'force_generic_plan'],
  ['enable_seqscan', 'off'],
  ['enable_bitmapscan', 'off'],
  ['enable_mergejoin', 'off'],
  ['enable_sort', 'off'],
  ['jit', 'off'],
];

/**
 * Sets them and asks for the server's state in one round trip. $1 is the statement time-out, $2
 * whether commits are synchronous; a stronger level of the site's stays.
 */
export const prepareSession = `
select pg_is_in_recovery()::text, current_setting('transaction_read_only'),
       current_setting('server_version_num'),
       set_config('statement_timeout', $1, false),
       set_config('synchronous_commit',
         case when $2 = 'off' then 'off'
              when current_setting('synchronous_commit') = 'off' then 'on'
              else current_setting('synchronous_commit') end, false),
       ${sessionSettings.map(([name, value]) => `set_config('${name}', '${value}', false)`).join(', ')}`;
