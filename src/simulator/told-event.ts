import type { Variation } from './generator.ts'

/** What somebody did through the simulator's own calls, as an event tells it. */
export interface ToldEvent {
  readonly type: string
  readonly message: string
  readonly author: {
    readonly id: string
    readonly name: string
    readonly type: 'user' | 'system'
    /** Name of the picture, without its ending. */
    readonly avatar: string
  }
  readonly data: object
  readonly ip?: string
  readonly userAgent?: string
  readonly token?: { readonly id: string; readonly last4?: string }
}

/** The element's JSON text. A variation rewrites it as it does the invented ones. */
export function toldElement(
  id: string,
  createdAtMs: number,
  told: ToldEvent,
  variation: Variation | undefined,
): string {
  const { author, token } = told
  const suffix = variation?.authorRenamed === true && author.type === 'user' ? '-renamed' : ''
  return JSON.stringify({
    _id: id,
    createdAt: new Date(createdAtMs).toISOString(),
    type: told.type,
    message: variation?.edited === true ? `${told.message} (edited)` : told.message,
    author: {
      _id: author.id,
      user: author.name + suffix,
      avatarUrl: `/avatars/${author.avatar}${variation?.avatarChanged === true ? '-new' : ''}.svg`,
      type: author.type,
      ...(variation?.authorDeleted === true && author.type === 'user' && { deleted: true }),
    },
    ...(told.ip !== undefined && { ip: told.ip }),
    ...(told.userAgent !== undefined && { userAgent: told.userAgent }),
    ...(token !== undefined && {
      token: {
        type: 'access_token',
        id: token.id,
        role: 'fineGrained',
        ...(token.last4 !== undefined && { last4: token.last4 }),
        deleted: variation?.tokenDeleted === true,
      },
    }),
    data: told.data,
  })
}
