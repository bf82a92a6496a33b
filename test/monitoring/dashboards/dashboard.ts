/**
 * What a dashboard is made of, and how Grafana writes it down. The JSON is always the same for the same
 * dashboard, so that a change of one shows in a review.
 *
 * Never: an id that Grafana gives out; a query that does not name its data source by the variable.
 */

export interface Query {
  readonly expr: string;
  readonly legend: string;
}

/** Units of Grafana: seconds, bytes, a second, a share of 1, or plain numbers. */
export type Unit = 's' | 'bytes' | 'Bps' | 'ops' | 'percentunit' | 'short';

export interface Panel {
  readonly title: string;
  readonly kind: 'timeseries' | 'stat';
  readonly unit: Unit;
  /** What to look for. */
  readonly description: string;
  readonly queries: readonly Query[];
  /** What a cluster must have for the queries to answer anything, beyond nodes. */
  readonly needs?: 'standby';
}

export interface Dashboard {
  /** Stays the same for ever: links lead to it. */
  readonly uid: string;
  readonly title: string;
  readonly description: string;
  readonly rows: readonly { readonly title: string; readonly panels: readonly Panel[] }[];
}

const source = { type: 'prometheus', uid: '$datasource' };
const [panelWidth, panelHeight, panelsInLine] = [8, 8, 3];

/** As Grafana imports it, with a line end. */
export function dashboardJson(dashboard: Dashboard): string {
  const { uid, title, description, rows } = dashboard;
  return `${JSON.stringify(
    {
      ...{ uid, title, description, tags: ['poplar'], schemaVersion: 39, version: 1 },
      ...{ editable: true, graphTooltip: 1, refresh: '30s', timezone: 'browser' },
      time: { from: 'now-3h', to: 'now' },
      annotations: { list: [] },
      links: [{ type: 'dashboards', tags: ['poplar'], title: 'Poplar', asDropdown: true }],
      templating: { list: [sourceVariable, instanceVariable] },
      panels: panelsOf(rows),
    },
    null,
    2,
  )}\n`;
}

const sourceVariable = {
  ...{ name: 'datasource', label: 'Data source', type: 'datasource', query: 'prometheus' },
  current: {},
};

const instanceVariable = {
  ...{ name: 'instance', label: 'Node', type: 'query', datasource: source },
  query: { query: 'label_values(poplar_build_info, instance)', refId: 'instance' },
  ...{ refresh: 2, includeAll: true, multi: true, allValue: '.*', current: {} },
};

function panelsOf(rows: Dashboard['rows']): object[] {
  const made: object[] = [];
  let y = 0;
  for (const { title, panels } of rows) {
    made.push({
      type: 'row',
      title,
      collapsed: false,
      panels: [],
      gridPos: { x: 0, y, w: 24, h: 1 },
    });
    y += 1;
    for (const [index, panel] of panels.entries()) {
      const x = (index % panelsInLine) * panelWidth;
      if (index > 0 && x === 0) y += panelHeight;
      made.push(panelJson(panel, { x, y, w: panelWidth, h: panelHeight }));
    }
    y += panelHeight;
  }
  return made.map((panel, index) => ({ id: index + 1, ...panel }));
}

function panelJson(panel: Panel, gridPos: object): object {
  const { kind, title, description, unit, queries } = panel;
  const isStat = kind === 'stat';
  return {
    ...{ type: kind, title, description, datasource: source, gridPos },
    fieldConfig: {
      defaults: { unit, min: 0, custom: isStat ? {} : { fillOpacity: 10, showPoints: 'never' } },
      overrides: [],
    },
    options: isStat
      ? { reduceOptions: { calcs: ['lastNotNull'] }, colorMode: 'none' }
      : { legend: { displayMode: 'list', placement: 'bottom' }, tooltip: { mode: 'multi' } },
    targets: queries.map(({ expr, legend }, index) => ({
      ...{ refId: String.fromCharCode(65 + index), datasource: source },
      ...{ expr, legendFormat: legend, range: true },
    })),
  };
}
