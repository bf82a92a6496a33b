/**
 * Lists a schema in a stable order out of the catalogs: what schema.sql is compared with. No tool
 * of the server is needed, and PostgreSQL 15 to 18 give the same text.
 */

import type pg from 'pg';

const relations = `
select c.oid::bigint as oid, c.relname as name, c.relkind as kind, c.relpersistence as persistence,
       coalesce(pg_get_partkeydef(c.oid), '') as partition_key,
       coalesce(pg_get_expr(c.relpartbound, c.oid), '') as bound,
       coalesce(p.relname, '') as parent,
       coalesce(array_to_string(c.reloptions, ', '), '') as options,
       coalesce((select array_to_string(t.reloptions, ', ') from pg_class t where t.oid = c.reltoastrelid), '') as toast
from pg_class c
left join pg_inherits i on i.inhrelid = c.oid
left join pg_class p on p.oid = i.inhparent
where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'S')
order by c.relkind = 'S' desc, coalesce(p.relname, c.relname), p.relname is not null,
         length(c.relname), c.relname`;

const columns = `
select a.attname as name, format_type(a.atttypid, a.atttypmod) as type, a.attnotnull as required,
       a.attstorage as storage, a.attidentity as identity, t.typstorage as usual_storage,
       coalesce(l.collname, '') as collation, coalesce(pg_get_expr(d.adbin, d.adrelid), '') as fallback
from pg_attribute a
join pg_type t on t.oid = a.atttypid
left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
left join pg_collation l on l.oid = a.attcollation and a.attcollation <> t.typcollation
where a.attrelid = $1 and a.attnum > 0 and not a.attisdropped order by a.attnum`;

// PostgreSQL 18 also lists NOT NULL here, which the columns say already.
const constraints = `
select conname || ' ' || pg_get_constraintdef(oid) as line from pg_constraint
where conrelid = $1 and contype <> 'n' order by contype, conname`;

const indexes = `
select pg_get_indexdef(i.indexrelid) as line from pg_index i
where i.indrelid = $1 and not exists (select from pg_constraint c where c.conindid = i.indexrelid)
order by 1`;

const triggers = `
select replace(pg_get_triggerdef(oid), 'public.', '') as line from pg_trigger
where tgrelid = $1 and not tgisinternal order by tgname`;

const functions = `
select 'function ' || proname || '(' || pg_get_function_identity_arguments(oid) || ')'
       || E'\\n' || trim(E'\\n' from prosrc) as line
from pg_proc where pronamespace = 'public'::regnamespace order by proname`;

interface Relation {
  readonly oid: string;
  readonly name: string;
  readonly kind: string;
  readonly persistence: string;
  readonly partition_key: string;
  readonly bound: string;
  readonly parent: string;
  readonly options: string;
  readonly toast: string;
}

interface Column {
  readonly name: string;
  readonly type: string;
  readonly required: boolean;
  readonly storage: string;
  readonly usual_storage: string;
  readonly identity: string;
  readonly collation: string;
  readonly fallback: string;
}

function columnLine(column: Column): string {
  const parts = [`  ${column.name} ${column.type}`];
  if (column.collation !== '') parts.push(`collate "${column.collation}"`);
  if (column.storage !== column.usual_storage) {
    parts.push(column.storage === 'e' ? 'storage external' : `storage ${column.storage}`);
  }
  if (column.required) parts.push('not null');
  if (column.identity !== '') parts.push('generated always as identity');
  if (column.fallback !== '') parts.push(`default ${column.fallback}`);
  return parts.join(' ');
}

export async function describeSchema(client: pg.ClientBase): Promise<string> {
  const blocks: string[] = [];
  const { rows } = await client.query<Relation>(relations);
  for (const relation of rows) {
    const options = [relation.options, relation.toast === '' ? '' : `toast: ${relation.toast}`];
    const tail = options.filter((text) => text !== '').map((text) => ` with (${text})`);
    if (relation.kind === 'S') {
      blocks.push(`sequence ${relation.name}`);
    } else if (relation.parent !== '') {
      blocks.push(`table ${relation.name} of ${relation.parent} ${relation.bound}${tail.join('')}`);
    } else {
      const by = relation.partition_key === '' ? '' : ` partition by ${relation.partition_key}`;
      const logged = relation.persistence === 'u' ? 'unlogged ' : '';
      const lines = [`${logged}table ${relation.name}${by}${tail.join('')}`];
      const found = await client.query<Column>(columns, [relation.oid]);
      lines.push(...found.rows.map(columnLine));
      for (const text of [constraints, indexes, triggers]) {
        const more = await client.query<{ line: string }>(text, [relation.oid]);
        lines.push(...more.rows.map((row) => `  ${row.line}`));
      }
      blocks.push(lines.join('\n'));
    }
  }
  const code = await client.query<{ line: string }>(functions);
  blocks.push(...code.rows.map((row) => row.line));
  return `${blocks.join('\n\n')}\n`;
}
