/**
 * Hashes of known passwords that other programs made: Debian's `doveadm pw` 2.3.19 and libxcrypt 4.4
 * (`crypt`), Python's hashlib in the forms of passlib. For tests.
 *
 * Never: imported by anything but a test.
 */

export interface Vector {
  readonly secret: string;
  readonly stored: string;
  /** The scheme the record says it is of. */
  readonly scheme: string;
}

const horse = 'correct horse';
const umlauts = 'pässwörd';

const list: readonly (readonly [secret: string, scheme: string, stored: string])[] = [
  [
    horse,
    'argon2',
    '{ARGON2ID}$argon2id$v=19$m=65536,t=3,p=1$B06kBhTbzwnXLWD6YDga6Q$F6CxcFz7j4IJ/AZKWK8P0piZFO9NEn2prI44+DFH1SI',
  ],
  [
    horse,
    'argon2',
    '{ARGON2I}$argon2i$v=19$m=32768,t=4,p=1$5j8ssa8jO5cyi3Zv4/GlIA$OMZV+eOvFDbBoUYbmK3IiQzL5NNN2WQlaiytmn72mZw',
  ],
  [horse, 'bcrypt', '{BLF-CRYPT}$2y$05$t6.t0MLst6NZODAR7GgNwewrGCQPRoP1NkUD8UoTOiLUiyVnaQ3i6'],
  [horse, 'bcrypt', '{CRYPT}$2y$05$gF8CWsAORzR2LzyUIxGI7e7N7gr703lW7H7BZ0oU2H.o0q.oZYE0.'],
  [horse, 'bcrypt', '$2a$06$abcdefghijklmnopqrstuud/5IuQmqhVO0kfNEbHJM.fJkPiliBzC'],
  [horse, 'bcrypt', '$2b$06$abcdefghijklmnopqrstuud/5IuQmqhVO0kfNEbHJM.fJkPiliBzC'],
  [
    'x'.repeat(80),
    'bcrypt',
    '{BLF-CRYPT}$2y$06$KnrE4Jcy/orRFLKVt0mWQOAjQZ29JovgS1/Aeks42ItUzeH9ri2c6',
  ],
  [
    horse,
    'scrypt',
    '$scrypt$ln=14,r=8,p=1$AAECAwQFBgcICQoLDA0ODw$JbN2hANm9NOw4h5BRHZnbjzQ6Jr0QwNWojTOC2WgIbU',
  ],
  [horse, 'scrypt', '{CRYPT}$7$9/..../..../saltsalt12$2EiTnl.U1TC2ECvlJsN7p1tWpNhkjMdPPo3e/cT2KJ3'],
  [
    horse,
    'pbkdf2-sha1',
    '{PBKDF2}$1$uL/phfJyzp7CVhX8$5000$d8362197707e0e801e944cf0136f9a9ed9be759f',
  ],
  [
    umlauts,
    'pbkdf2-sha1',
    '{PBKDF2}$1$EpP7iay9vthTshbz$30000$ae4e65f21c56bd52004fda346290320b7ade8ef4',
  ],
  [
    horse,
    'pbkdf2-sha256',
    '$pbkdf2-sha256$29000$AAECAwQFBgcICQoLDA0ODw$ZvLORN3Wu1.2s6Mb0kBKZ43bylSsC/t0Vz5rE9nJPNg',
  ],
  [
    horse,
    'pbkdf2-sha256',
    '{PBKDF2-SHA256}29000$AAECAwQFBgcICQoLDA0ODw$ZvLORN3Wu1.2s6Mb0kBKZ43bylSsC/t0Vz5rE9nJPNg',
  ],
  [
    horse,
    'pbkdf2-sha512',
    '$pbkdf2-sha512$29000$AAECAwQFBgcICQoLDA0ODw$tFBJNmdbabFGdromEJjlq9IxWTvZKHmNCNy.6dUMQxyC21DEUTa22.V4oO3hrJTLDPvVLwOoc0kjHP80n56kag',
  ],
  [horse, 'pbkdf2-sha1', '$pbkdf2$29000$AAECAwQFBgcICQoLDA0ODw$JppZ11L9r0j3Zbivqu.TC4XrpYk'],
  [
    horse,
    'sha512-crypt',
    '{SHA512-CRYPT}$6$c7kWdafeGhY7bWQh$QH0uX1TidxAQfzLifPR9eAw9gdeW/knokay4kpooLNZfyEOBf1hv0DDj6zjgtHMnWS5c8fQGkCIfP4eZWL1JN.',
  ],
  [
    umlauts,
    'sha512-crypt',
    '{CRYPT}$6$rounds=12000$MDiKgLehk6K3SIDu$mjrRQiNHVghOYG5I/20oH4n79YnP4.m/1tGxJEdwLnQuhn5XdNr4Ra3eq5/sNxejBPTr5kiZY/S5SywEd/zLj.',
  ],
  [
    'xy'.repeat(80),
    'sha512-crypt',
    '$6$Kv5R7/EArP2Q0hQM$pUOiJVIOJUmJlplt.LgA3KAPgO.V8lKUpmFSEyW.pJ2AtMCfiLmLIHy1DiyJwGkNDrbGl1g0ZBH6Y19pnyPoH1',
  ],
  [
    horse,
    'sha256-crypt',
    '{SHA256-CRYPT}$5$7OSQvpwqh4QB/slu$el2oOGqLmk3f4b9YpUwqs2qDHDjfCcBCdeaj34iYhT/',
  ],
  [
    umlauts,
    'sha256-crypt',
    '{SHA256-CRYPT}$5$rounds=1234$EHnW0TF.BWXQSv0T$c8qCVUbY.A1nSKMNDF1pgEKITsETXI2d1Sw2DTgfx2/',
  ],
  [
    'xy'.repeat(80),
    'sha256-crypt',
    '{CRYPT}$5$ue62BNEQdQBpJXBk$FdhlD7SApwP3m.YQYmSKCwYtnPN/LDxno/hG/EPfO43',
  ],
  [horse, 'md5-crypt', '{MD5-CRYPT}$1$DnWUV7LF$53vagk7tU3xoZRdXYADJk0'],
  [horse, 'md5-crypt', '{MD5}$1$FamRrXo7$q3rnxH3aBdIPoUktxLBn..'],
  ['xy'.repeat(80), 'md5-crypt', '{MD5-CRYPT}$1$uOoLxmX4$SwxlQV401kKw2H1u4K7Fi0'],
  [horse, 'ssha', '{SSHA}RzDM6NcvJGuDMsE/6Grcy4k4sMQ5fSI5'],
  [horse, 'ssha256', '{SSHA256}noKDmsEGU3jUnIndLrUTaib1EjoDz18V3AmK4MqTpCm9875x'],
  [
    horse,
    'ssha512',
    '{SSHA512}jyQEOD0oWyJ+gTh9PFra8DiGtegw1iVew1AeqnMbqEcns/BGnFz8a7slnet4+deydwfU8SPQjS5N7Fr3rTFiUTOchdg=',
  ],
  [horse, 'ssha', '{SSHA.HEX}276b707cd5dc3c25502cb135933486174968c8b51a852371'],
  [
    horse,
    'ssha256',
    '{ssha256.hex}ddefacc0db09b68f6980ed36f52402f40314114e74ccd05009d00653485011722bd63a8a',
  ],
  [
    horse,
    'ssha512',
    '{SSHA512.B64}nWSYum+r17bEVHEHChB1WC0YW+Ak7JBfFLetOaGDAAaRmf8lYVkiUBx0W2rhml2e8eWwJVclBWsJV2BAEEEa+ue7yrM=',
  ],
  [horse, 'smd5', '{SMD5}/H29/lyib8vh6OKgBaRqT380enM='],
  [
    horse,
    'scram-sha-1',
    '{SCRAM-SHA-1}4096,LQCRndj9BSwXVw2Gd9XX0g==,RKewHLfUp/P8h7aRSjPLozdts3A=,WrvD7bHd8rRyeZviRoUG+Mr5hJM=',
  ],
  [
    horse,
    'scram-sha-256',
    '{SCRAM-SHA-256}4096,sUmy8jysfsNcID417QYxHA==,m7egU/skedfCt/CVPcy6wuDwDTQHIcoesgYK4/ZL8Vc=,x8zxj8T023IR62HOXatGDJKce87YHx9Qj6XF4j0CoFE=',
  ],
  [
    umlauts,
    'scram-sha-256',
    '{SCRAM-SHA-256}4096,jMw01+hMk2fBjrJBY9Av9g==,lx9AU6qMEraPgFj4ZFV3C4JiUUhxgELqxCddKiRrbQU=,JvF22JT5JcZdqz0bSLkLkvQVLb5lhwV8t8jNjNgVOxM=',
  ],
];

export const vectors: readonly Vector[] = list.map(([secret, scheme, stored]) => ({
  secret,
  scheme,
  stored,
}));

/** What `doveadm pw` makes, and shadow files hold, that is not verified here, of the password `correct horse`. */
export const refusedVectors: readonly string[] = [
  '{SHA}L55TUjtiq8FBorTWAZ0jy6g129A=',
  '{SHA256}QQTTb42iwlQ0n4WDZ5Pr4CngyVcGOjTJHC6SAxh7VjE=',
  '{SHA512}VraY3v7bWkNbY0r+MyC7rz/c2SC2xQOkRvx7endrKY1HnRumqLYXgI6wv1ec6aldZoNHvKtxSQhayTyyeZUZew==',
  '{LDAP-MD5}PLTnMmMfR+brlh80VUt83g==',
  '{PLAIN-MD5}3cb4e732631f47e6eb961f34554b7cde',
  '{MD5}3cb4e732631f47e6eb961f34554b7cde',
  '{CRAM-MD5}38b57fd1a0c4b46c814aa05f20318edd71c455380655f2c0ac35c5b359528d29',
  '{DIGEST-MD5}f3866b6b0c8e8c796e55c9b3a101ac49',
  '{NTLM}a4f49c406510bdcab6824ee7c30fd852',
  '{DES-CRYPT}xa2DYsF1yDHcM',
  '{CRYPT}xa2DYsF1yDHcM',
  '{CRYPT}$y$j9T$abcdefgh$4mqd6JVlUo/.JMgenptcdPqIowfqDPoC9lSyWQhPMf1',
  '{OTP}sha1 1024 e169bdf7289fb82f 1b2cdea80d22f9bf',
];
