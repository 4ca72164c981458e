/** One line of /proc/<pid>/mountinfo, as far as it matters here. */
export interface Mount {
  readonly point: string;
  readonly type: string;
  /** Options of the file system itself. */
  readonly options: readonly string[];
}

/** Fields of proc_pid_mountinfo(5): a variable number of optional ones ends with a lone hyphen. */
export function parseMounts(mountinfo: string): Mount[] {
  return mountinfo.split('\n').flatMap((line): Mount[] => {
    const fields = line.split(' ');
    const hyphen = fields.indexOf('-', 6);
    const [point, type, options] = [fields[4], fields[hyphen + 1], fields[hyphen + 3]];
    if (hyphen < 0 || point === undefined || type === undefined) return [];
    return [{ point, type, options: (options ?? '').split(',') }];
  });
}
