/** Released versions of the OCSF schema whose records can be made; the last is the newest. */
export const OCSF_VERSIONS = ['1.3.0', '1.4.0', '1.5.0', '1.6.0', '1.7.0', '1.8.0'] as const;
export type OcsfVersion = (typeof OCSF_VERSIONS)[number];
export const NEWEST_OCSF: OcsfVersion = '1.8.0';

/** Views of events that a SIEM takes, besides our own JSON. */
export type View = 'json' | 'ecs' | `ocsf/${OcsfVersion}`;

/** How a sink wants its records. */
export type RecordFormat = 'avro' | 'line' | View;

/** As the keys `format` and `ocsf_version` of a sink say it. */
export function formatOfKeys<F extends 'avro' | 'line' | 'json' | 'ecs' | 'ocsf'>(
  format: F,
  version: OcsfVersion,
): Exclude<F, 'ocsf'> | `ocsf/${OcsfVersion}` {
  return format === 'ocsf' ? `ocsf/${version}` : (format as Exclude<F, 'ocsf'>);
}

export const ocsfVersionOf = (format: `ocsf/${OcsfVersion}`): OcsfVersion => format.slice('ocsf/'.length) as OcsfVersion;
