import { AclOperations, AclPermissionTypes, ResourcePatternTypes, ResourceTypes } from '@platformatic/kafka';
import type { Acl, AclOperationLabel } from '@platformatic/kafka';

export interface AccessRule {
  /** A user's name without `User:`. */
  readonly user: string;
  readonly operation: AclOperationLabel;
  /** A topic; none: the cluster itself. */
  readonly topic?: string;
  /** The topic is the beginning of names. */
  readonly prefixed?: boolean;
  readonly permission?: 'ALLOW' | 'DENY';
}

/** The rule as brokers take it, from any host. */
export function aclOf({ user, operation, topic, prefixed = false, permission = 'ALLOW' }: AccessRule): Acl {
  return {
    resourceType: topic === undefined ? ResourceTypes.CLUSTER : ResourceTypes.TOPIC,
    resourceName: topic ?? 'kafka-cluster',
    resourcePatternType: prefixed ? ResourcePatternTypes.PREFIXED : ResourcePatternTypes.LITERAL,
    principal: `User:${user}`,
    host: '*',
    operation: AclOperations[operation],
    permissionType: AclPermissionTypes[permission],
  };
}
