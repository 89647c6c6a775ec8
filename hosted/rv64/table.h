/* SPDX-License-Identifier: BSD-2-Clause */

/* All instructions of RV64IMAFD, Zicsr and Zifencei that user mode may execute: what the decoder,
 * the disassembler and the table of handlers are made from.
 *
 * X(name, operands, match, mask). Operands are those of the assembler, in its order:
 *   d s t      integer rd, rs1, rs2           D S T R  floating-point rd, rs1, rs2, rs3
 *   j o q      I immediate; loads' and stores' offset(rs1)
 *   p a        branch target, jump target
 *   u U        U immediate; the same, relative to the pc
 *   > <        shift amount of 6 bits, of 5   m M      rounding mode; without effect
 *   E Z        CSR; 5-bit immediate           0        (rs1), of atomics
 */
#ifndef HOSTED_RV64_TABLE_H
#define HOSTED_RV64_TABLE_H

#define RV64_TABLE_BASE(X)                                                                         \
    X(lui, "d,u", 0x00000037, 0x0000007F)                                                          \
    X(auipc, "d,U", 0x00000017, 0x0000007F)                                                        \
    X(jal, "d,a", 0x0000006F, 0x0000007F)                                                          \
    X(jalr, "d,o", 0x00000067, 0x0000707F)                                                         \
    X(beq, "s,t,p", 0x00000063, 0x0000707F)                                                        \
    X(bne, "s,t,p", 0x00001063, 0x0000707F)                                                        \
    X(blt, "s,t,p", 0x00004063, 0x0000707F)                                                        \
    X(bge, "s,t,p", 0x00005063, 0x0000707F)                                                        \
    X(bltu, "s,t,p", 0x00006063, 0x0000707F)                                                       \
    X(bgeu, "s,t,p", 0x00007063, 0x0000707F)                                                       \
    X(lb, "d,o", 0x00000003, 0x0000707F)                                                           \
    X(lh, "d,o", 0x00001003, 0x0000707F)                                                           \
    X(lw, "d,o", 0x00002003, 0x0000707F)                                                           \
    X(ld, "d,o", 0x00003003, 0x0000707F)                                                           \
    X(lbu, "d,o", 0x00004003, 0x0000707F)                                                          \
    X(lhu, "d,o", 0x00005003, 0x0000707F)                                                          \
    X(lwu, "d,o", 0x00006003, 0x0000707F)                                                          \
    X(sb, "t,q", 0x00000023, 0x0000707F)                                                           \
    X(sh, "t,q", 0x00001023, 0x0000707F)                                                           \
    X(sw, "t,q", 0x00002023, 0x0000707F)                                                           \
    X(sd, "t,q", 0x00003023, 0x0000707F)                                                           \
    X(addi, "d,s,j", 0x00000013, 0x0000707F)                                                       \
    X(slti, "d,s,j", 0x00002013, 0x0000707F)                                                       \
    X(sltiu, "d,s,j", 0x00003013, 0x0000707F)                                                      \
    X(xori, "d,s,j", 0x00004013, 0x0000707F)                                                       \
    X(ori, "d,s,j", 0x00006013, 0x0000707F)                                                        \
    X(andi, "d,s,j", 0x00007013, 0x0000707F)                                                       \
    X(slli, "d,s,>", 0x00001013, 0xFC00707F)                                                       \
    X(srli, "d,s,>", 0x00005013, 0xFC00707F)                                                       \
    X(srai, "d,s,>", 0x40005013, 0xFC00707F)                                                       \
    X(add, "d,s,t", 0x00000033, 0xFE00707F)                                                        \
    X(sub, "d,s,t", 0x40000033, 0xFE00707F)                                                        \
    X(sll, "d,s,t", 0x00001033, 0xFE00707F)                                                        \
    X(slt, "d,s,t", 0x00002033, 0xFE00707F)                                                        \
    X(sltu, "d,s,t", 0x00003033, 0xFE00707F)                                                       \
    X(xor, "d,s,t", 0x00004033, 0xFE00707F)                                                        \
    X(srl, "d,s,t", 0x00005033, 0xFE00707F)                                                        \
    X(sra, "d,s,t", 0x40005033, 0xFE00707F)                                                        \
    X(or, "d,s,t", 0x00006033, 0xFE00707F)                                                         \
    X(and, "d,s,t", 0x00007033, 0xFE00707F)                                                        \
    X(addiw, "d,s,j", 0x0000001B, 0x0000707F)                                                      \
    X(slliw, "d,s,<", 0x0000101B, 0xFE00707F)                                                      \
    X(srliw, "d,s,<", 0x0000501B, 0xFE00707F)                                                      \
    X(sraiw, "d,s,<", 0x4000501B, 0xFE00707F)                                                      \
    X(addw, "d,s,t", 0x0000003B, 0xFE00707F)                                                       \
    X(subw, "d,s,t", 0x4000003B, 0xFE00707F)                                                       \
    X(sllw, "d,s,t", 0x0000103B, 0xFE00707F)                                                       \
    X(srlw, "d,s,t", 0x0000503B, 0xFE00707F)                                                       \
    X(sraw, "d,s,t", 0x4000503B, 0xFE00707F)                                                       \
    X(fence, "", 0x0000000F, 0x0000707F)                                                           \
    X(fence_i, "", 0x0000100F, 0x0000707F)                                                         \
    X(ecall, "", 0x00000073, 0xFFFFFFFF)                                                           \
    X(ebreak, "", 0x00100073, 0xFFFFFFFF)                                                          \
    X(csrrw, "d,E,s", 0x00001073, 0x0000707F)                                                      \
    X(csrrs, "d,E,s", 0x00002073, 0x0000707F)                                                      \
    X(csrrc, "d,E,s", 0x00003073, 0x0000707F)                                                      \
    X(csrrwi, "d,E,Z", 0x00005073, 0x0000707F)                                                     \
    X(csrrsi, "d,E,Z", 0x00006073, 0x0000707F)                                                     \
    X(csrrci, "d,E,Z", 0x00007073, 0x0000707F)

#define RV64_TABLE_M(X)                                                                            \
    X(mul, "d,s,t", 0x02000033, 0xFE00707F)                                                        \
    X(mulh, "d,s,t", 0x02001033, 0xFE00707F)                                                       \
    X(mulhsu, "d,s,t", 0x02002033, 0xFE00707F)                                                     \
    X(mulhu, "d,s,t", 0x02003033, 0xFE00707F)                                                      \
    X(div, "d,s,t", 0x02004033, 0xFE00707F)                                                        \
    X(divu, "d,s,t", 0x02005033, 0xFE00707F)                                                       \
    X(rem, "d,s,t", 0x02006033, 0xFE00707F)                                                        \
    X(remu, "d,s,t", 0x02007033, 0xFE00707F)                                                       \
    X(mulw, "d,s,t", 0x0200003B, 0xFE00707F)                                                       \
    X(divw, "d,s,t", 0x0200403B, 0xFE00707F)                                                       \
    X(divuw, "d,s,t", 0x0200503B, 0xFE00707F)                                                      \
    X(remw, "d,s,t", 0x0200603B, 0xFE00707F)                                                       \
    X(remuw, "d,s,t", 0x0200703B, 0xFE00707F)

#define RV64_TABLE_A(X)                                                                            \
    X(lr_w, "d,0", 0x1000202F, 0xF9F0707F)                                                         \
    X(sc_w, "d,t,0", 0x1800202F, 0xF800707F)                                                       \
    X(amoswap_w, "d,t,0", 0x0800202F, 0xF800707F)                                                  \
    X(amoadd_w, "d,t,0", 0x0000202F, 0xF800707F)                                                   \
    X(amoxor_w, "d,t,0", 0x2000202F, 0xF800707F)                                                   \
    X(amoand_w, "d,t,0", 0x6000202F, 0xF800707F)                                                   \
    X(amoor_w, "d,t,0", 0x4000202F, 0xF800707F)                                                    \
    X(amomin_w, "d,t,0", 0x8000202F, 0xF800707F)                                                   \
    X(amomax_w, "d,t,0", 0xA000202F, 0xF800707F)                                                   \
    X(amominu_w, "d,t,0", 0xC000202F, 0xF800707F)                                                  \
    X(amomaxu_w, "d,t,0", 0xE000202F, 0xF800707F)                                                  \
    X(lr_d, "d,0", 0x1000302F, 0xF9F0707F)                                                         \
    X(sc_d, "d,t,0", 0x1800302F, 0xF800707F)                                                       \
    X(amoswap_d, "d,t,0", 0x0800302F, 0xF800707F)                                                  \
    X(amoadd_d, "d,t,0", 0x0000302F, 0xF800707F)                                                   \
    X(amoxor_d, "d,t,0", 0x2000302F, 0xF800707F)                                                   \
    X(amoand_d, "d,t,0", 0x6000302F, 0xF800707F)                                                   \
    X(amoor_d, "d,t,0", 0x4000302F, 0xF800707F)                                                    \
    X(amomin_d, "d,t,0", 0x8000302F, 0xF800707F)                                                   \
    X(amomax_d, "d,t,0", 0xA000302F, 0xF800707F)                                                   \
    X(amominu_d, "d,t,0", 0xC000302F, 0xF800707F)                                                  \
    X(amomaxu_d, "d,t,0", 0xE000302F, 0xF800707F)

/* F and D differ by the format field alone; m: conversions from 32-bit integers may be exact. */
#define RV64_TABLE_FP(X, p, format, w, m)                                                          \
    X(fl##w, "D,o", (0x00002007 + (format) / 0x2000), 0x0000707F)                                  \
    X(fs##w, "T,q", (0x00002027 + (format) / 0x2000), 0x0000707F)                                  \
    X(fmadd_##p, "D,S,T,R,m", 0x00000043 + (format), 0x0600007F)                                   \
    X(fmsub_##p, "D,S,T,R,m", 0x00000047 + (format), 0x0600007F)                                   \
    X(fnmsub_##p, "D,S,T,R,m", 0x0000004B + (format), 0x0600007F)                                  \
    X(fnmadd_##p, "D,S,T,R,m", 0x0000004F + (format), 0x0600007F)                                  \
    X(fadd_##p, "D,S,T,m", 0x00000053 + (format), 0xFE00007F)                                      \
    X(fsub_##p, "D,S,T,m", 0x08000053 + (format), 0xFE00007F)                                      \
    X(fmul_##p, "D,S,T,m", 0x10000053 + (format), 0xFE00007F)                                      \
    X(fdiv_##p, "D,S,T,m", 0x18000053 + (format), 0xFE00007F)                                      \
    X(fsqrt_##p, "D,S,m", 0x58000053 + (format), 0xFFF0007F)                                       \
    X(fsgnj_##p, "D,S,T", 0x20000053 + (format), 0xFE00707F)                                       \
    X(fsgnjn_##p, "D,S,T", 0x20001053 + (format), 0xFE00707F)                                      \
    X(fsgnjx_##p, "D,S,T", 0x20002053 + (format), 0xFE00707F)                                      \
    X(fmin_##p, "D,S,T", 0x28000053 + (format), 0xFE00707F)                                        \
    X(fmax_##p, "D,S,T", 0x28001053 + (format), 0xFE00707F)                                        \
    X(fle_##p, "d,S,T", 0xA0000053 + (format), 0xFE00707F)                                         \
    X(flt_##p, "d,S,T", 0xA0001053 + (format), 0xFE00707F)                                         \
    X(feq_##p, "d,S,T", 0xA0002053 + (format), 0xFE00707F)                                         \
    X(fcvt_w_##p, "d,S,m", 0xC0000053 + (format), 0xFFF0007F)                                      \
    X(fcvt_wu_##p, "d,S,m", 0xC0100053 + (format), 0xFFF0007F)                                     \
    X(fcvt_l_##p, "d,S,m", 0xC0200053 + (format), 0xFFF0007F)                                      \
    X(fcvt_lu_##p, "d,S,m", 0xC0300053 + (format), 0xFFF0007F)                                     \
    X(fcvt_##p##_w, "D,s," m, 0xD0000053 + (format), 0xFFF0007F)                                   \
    X(fcvt_##p##_wu, "D,s," m, 0xD0100053 + (format), 0xFFF0007F)                                  \
    X(fcvt_##p##_l, "D,s,m", 0xD0200053 + (format), 0xFFF0007F)                                    \
    X(fcvt_##p##_lu, "D,s,m", 0xD0300053 + (format), 0xFFF0007F)                                   \
    X(fmv_x_##w, "d,S", 0xE0000053 + (format), 0xFFF0707F)                                         \
    X(fclass_##p, "d,S", 0xE0001053 + (format), 0xFFF0707F)                                        \
    X(fmv_##w##_x, "D,s", 0xF0000053 + (format), 0xFFF0707F)

#define RV64_TABLE(X)                                                                              \
    RV64_TABLE_BASE(X)                                                                             \
    RV64_TABLE_M(X)                                                                                \
    RV64_TABLE_A(X)                                                                                \
    RV64_TABLE_FP(X, s, 0x00000000, w, "m")                                                        \
    RV64_TABLE_FP(X, d, 0x02000000, d, "M")                                                        \
    X(fcvt_s_d, "D,S,m", 0x40100053, 0xFFF0007F)                                                   \
    X(fcvt_d_s, "D,S,M", 0x42000053, 0xFFF0007F)

#endif
