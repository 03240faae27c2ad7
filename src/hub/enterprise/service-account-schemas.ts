import { z } from 'zod'

/** An item of `GET /api/organizations/{name}/service-accounts`. */
export const serviceAccountSchema = z.looseObject({
  _id: z.string(),
  user: z.string(),
  name: z.string(),
  email: z.string(),
  description: z.string().optional(),
  createdAt: z.string(),
})

export type ServiceAccount = z.infer<typeof serviceAccountSchema>

/** What is known of a token of a service account; its value is never told again. */
export const serviceAccountTokenSchema = z.looseObject({
  _id: z.string(),
  displayName: z.string(),
  createdAt: z.string(),
  lastUsedAt: z.string().optional(),
  expiration: z.string().optional(),
  role: z.string(),
  permissions: z.array(z.string()),
  repoIds: z.array(z.string()),
  repoPermissions: z.array(z.string()),
  endpointPatterns: z.array(z.string()),
  last4: z.string().optional(),
  skipNetworkSecurity: z.boolean().optional(),
})

export type ServiceAccountToken = z.infer<typeof serviceAccountTokenSchema>

/** `GET /api/organizations/{name}/service-accounts/{serviceAccountId}`. */
export const serviceAccountDetailsSchema = z.looseObject({
  _id: z.string(),
  user: z.string(),
  name: z.string(),
  email: z.string(),
  description: z.string().optional(),
  createdAt: z.string(),
  accessTokens: z.array(serviceAccountTokenSchema).optional(),
})

export type ServiceAccountDetails = z.infer<typeof serviceAccountDetailsSchema>

/** The 201 of `POST /api/organizations/{name}/service-accounts`. */
export const createdServiceAccountSchema = z.looseObject({
  _id: z.string(),
  user: z.string(),
  fullname: z.string(),
  description: z.string().optional(),
  createdAt: z.string(),
})

export type CreatedServiceAccount = z.infer<typeof createdServiceAccountSchema>

/** The 201 of `POST …/tokens`. */
export const createdTokenSchema = z.looseObject({
  token: z.string(),
  tokenInfo: z.looseObject({
    _id: z.string(),
    displayName: z.string(),
    createdAt: z.string(),
    permissions: z.array(z.string()).optional(),
    repoIds: z.array(z.string()),
    repoPermissions: z.array(z.string()),
    endpointPatterns: z.array(z.string()),
    skipNetworkSecurity: z.boolean(),
  }),
})

export type CreatedToken = z.infer<typeof createdTokenSchema>

/** The 200 of `POST …/tokens/{tokenId}/rotate`. */
export const rotatedTokenSchema = z.looseObject({
  token: z.string(),
  tokenInfo: z.looseObject({
    _id: z.string(),
    displayName: z.string(),
    createdAt: z.string(),
    last4: z.string().optional(),
  }),
})

export type RotatedToken = z.infer<typeof rotatedTokenSchema>

/** The 200 of `PATCH …/tokens/{tokenId}`. */
export const updatedTokenSchema = z.looseObject({
  _id: z.string(),
  displayName: z.string(),
  permissions: z.array(z.string()),
  repoIds: z.array(z.string()),
  repoPermissions: z.array(z.string()),
  endpointPatterns: z.array(z.string()),
  skipNetworkSecurity: z.boolean(),
})

export type UpdatedToken = z.infer<typeof updatedTokenSchema>
