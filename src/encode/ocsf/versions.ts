import { OCSF_VERSIONS } from '../../core/record-formats.ts';
import type { OcsfVersion } from '../../core/record-formats.ts';

/** What a version knows that not all do. What it does not know goes to `unmapped` or is left out. */
export interface OcsfFeatures {
  readonly version: OcsfVersion;
  /** 1.4: `process.ancestry`, `working_directory`, `environment_variables`, `container.tags`, `metadata.tags`, `file.is_deleted`. */
  readonly hasAncestry: boolean;
  /** 1.4: `device` in the base event, by the profile `host`. */
  readonly hasBaseDevice: boolean;
  /** Until 1.3 a string has 65,535 characters at most. */
  readonly maxText: number;
  /** 1.5: `process.cpid`, `device.boot_uid`. */
  readonly hasCpid: boolean;
  /** 1.6: `process.ptid`, instead of `tid`, which is deprecated. */
  readonly hasPtid: boolean;
  /** 1.6: `metadata.is_truncated`. */
  readonly hasTruncated: boolean;
  /** 1.7: `launch_type_id`. */
  readonly hasLaunchType: boolean;
}

export function featuresOf(version: OcsfVersion): OcsfFeatures {
  const from = (first: OcsfVersion): boolean => OCSF_VERSIONS.indexOf(version) >= OCSF_VERSIONS.indexOf(first);
  return {
    version,
    hasAncestry: from('1.4.0'),
    hasBaseDevice: from('1.4.0'),
    maxText: from('1.4.0') ? Number.POSITIVE_INFINITY : 65_535,
    hasCpid: from('1.5.0'),
    hasPtid: from('1.6.0'),
    hasTruncated: from('1.6.0'),
    hasLaunchType: from('1.7.0'),
  };
}
